// Starts Swagger UI. A file of its own, because the page's policy allows no inline script.
window.addEventListener("load", () => {
  window.ui = SwaggerUIBundle({
    url: "/openapi.json",
    dom_id: "#swagger-ui",
    deepLinking: true,
    displayOperationId: true,
    displayRequestDuration: true,
    filter: true,
    oauth2RedirectUrl: `${window.location.origin}/docs/oauth2-redirect`,
    presets: [SwaggerUIBundle.presets.apis],
    // Swagger's public validator would be told the address of this server.
    validatorUrl: null,
  });
  window.ui.initOAuth({ clientId: "", usePkceWithAuthorizationCodeGrant: true });
});
