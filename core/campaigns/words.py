"""The words of dunning's mails in each language that invoices are written in."""

from collections.abc import Mapping
from typing import NamedTuple


class Words(NamedTuple):
    """What a mail says: `{project}`, `{amount}`, `{number}`, `{day}`, `{plan}` are filled in."""

    gentle: tuple[str, str]
    """Its subject, and its text."""
    urgent: tuple[str, str]
    final: tuple[str, str]
    suspended: tuple[str, str]
    renewal: tuple[str, str]
    until: str
    """What happens if nobody pays."""
    for_good: str
    """After a decline that no waiting makes better."""
    used: str
    """After what a renewal comes to."""
    button: str
    link: str
    """What the link is, and until when."""


_EN = Words(
    gentle=(
        "{project}: a payment of {amount} did not go through",
        (
            "We could not collect {amount} for invoice {number}. That happens, and is easily "
            "put right: look whether your payment method still works, or leave another one."
        ),
    ),
    urgent=(
        "{project}: {amount} is still to be paid",
        (
            "We tried again, and {amount} for invoice {number} is still not paid. Please leave "
            "a payment method that works."
        ),
    ),
    final=(
        "{project}: last warning about {amount}",
        (
            "This is the last warning: {amount} for invoice {number} is not paid. Please leave "
            "a payment method that works now."
        ),
    ),
    suspended=(
        "{project}: access is suspended",
        (
            "{amount} for invoice {number} stayed unpaid, so access is suspended. Everything is"
            " kept. As soon as it is paid, access is back at once."
        ),
    ),
    renewal=(
        "{project}: {plan} renews on {day}",
        (
            "On {day} your plan {plan} renews. {amount} will be collected with your payment "
            "method, and taxes where they are due."
        ),
    ),
    until="If it is not paid, access ends on {day}.",
    for_good="Your bank does not accept this payment method any more, so it is not tried again.",
    used="What was used until then is billed with it.",
    button="Update payment method",
    link=(
        "This link is good until {until}. It lets somebody leave a payment method, and nothing "
        "else."
    ),
)
_DE = Words(
    gentle=(
        "{project}: Eine Zahlung über {amount} ist fehlgeschlagen",
        (
            "Wir konnten {amount} für die Rechnung {number} nicht einziehen. Das kommt vor und "
            "ist schnell behoben: Bitte prüfen Sie Ihr Zahlungsmittel, oder hinterlegen Sie ein"
            " anderes."
        ),
    ),
    urgent=(
        "{project}: {amount} sind noch offen",
        (
            "Wir haben es erneut versucht: {amount} für die Rechnung {number} sind noch nicht "
            "bezahlt. Bitte hinterlegen Sie ein gültiges Zahlungsmittel."
        ),
    ),
    final=(
        "{project}: Letzte Warnung wegen {amount}",
        (
            "Dies ist die letzte Warnung: {amount} für die Rechnung {number} sind nicht "
            "bezahlt. Bitte hinterlegen Sie jetzt ein gültiges Zahlungsmittel."
        ),
    ),
    suspended=(
        "{project}: Der Zugang ist gesperrt",
        (
            "{amount} für die Rechnung {number} blieben unbezahlt, daher ist der Zugang "
            "gesperrt. Alles bleibt erhalten. Sobald bezahlt ist, ist der Zugang sofort wieder "
            "da."
        ),
    ),
    renewal=(
        "{project}: {plan} verlängert sich am {day}",
        (
            "Am {day} verlängert sich Ihr Tarif {plan}. {amount} werden mit Ihrem "
            "Zahlungsmittel eingezogen, zuzüglich fälliger Steuern."
        ),
    ),
    until="Wird nicht bezahlt, endet der Zugang am {day}.",
    for_good="Ihre Bank nimmt dieses Zahlungsmittel nicht mehr an; es wird nicht erneut versucht.",
    used="Was bis dahin verbraucht wurde, wird mit abgerechnet.",
    button="Zahlungsmittel aktualisieren",
    link=(
        "Dieser Link gilt bis {until}. Mit ihm lässt sich ein Zahlungsmittel hinterlegen und "
        "sonst nichts."
    ),
)
_FR = Words(
    gentle=(
        "{project} : un paiement de {amount} a échoué",
        (
            "Nous n'avons pas pu encaisser {amount} pour la facture {number}. Cela arrive et se"
            " règle vite : vérifiez votre moyen de paiement, ou enregistrez-en un autre."
        ),
    ),
    urgent=(
        "{project} : {amount} restent à payer",
        (
            "Nous avons réessayé : {amount} pour la facture {number} ne sont toujours pas "
            "payés. Veuillez enregistrer un moyen de paiement valable."
        ),
    ),
    final=(
        "{project} : dernier avertissement pour {amount}",
        (
            "Dernier avertissement : {amount} pour la facture {number} ne sont pas payés. "
            "Veuillez enregistrer maintenant un moyen de paiement valable."
        ),
    ),
    suspended=(
        "{project} : l'accès est suspendu",
        (
            "{amount} pour la facture {number} sont restés impayés ; l'accès est donc suspendu."
            " Tout est conservé. Dès le paiement, l'accès est rétabli aussitôt."
        ),
    ),
    renewal=(
        "{project} : {plan} se renouvelle le {day}",
        (
            "Le {day}, votre offre {plan} se renouvelle. {amount} seront prélevés avec votre "
            "moyen de paiement, taxes éventuelles en sus."
        ),
    ),
    until="Sans paiement, l'accès prend fin le {day}.",
    for_good="Votre banque n'accepte plus ce moyen de paiement ; il ne sera pas réessayé.",
    used="Ce qui aura été consommé jusque-là sera facturé avec.",
    button="Mettre à jour le moyen de paiement",
    link=(
        "Ce lien est valable jusqu'au {until}. Il permet d'enregistrer un moyen de paiement, et"
        " rien d'autre."
    ),
)
_ES = Words(
    gentle=(
        "{project}: un pago de {amount} no se ha realizado",
        (
            "No hemos podido cobrar {amount} de la factura {number}. Sucede, y se arregla "
            "pronto: compruebe su método de pago, o guarde otro."
        ),
    ),
    urgent=(
        "{project}: quedan {amount} por pagar",
        (
            "Lo hemos intentado de nuevo: {amount} de la factura {number} siguen sin pagar. "
            "Guarde, por favor, un método de pago válido."
        ),
    ),
    final=(
        "{project}: último aviso por {amount}",
        (
            "Este es el último aviso: {amount} de la factura {number} no están pagados. Guarde "
            "ahora, por favor, un método de pago válido."
        ),
    ),
    suspended=(
        "{project}: el acceso está suspendido",
        (
            "{amount} de la factura {number} han quedado sin pagar, y el acceso está "
            "suspendido. Todo se conserva. En cuanto se pague, el acceso vuelve de inmediato."
        ),
    ),
    renewal=(
        "{project}: {plan} se renueva el {day}",
        (
            "El {day} se renueva su plan {plan}. Se cobrarán {amount} con su método de pago, "
            "más los impuestos que correspondan."
        ),
    ),
    until="Si no se paga, el acceso termina el {day}.",
    for_good="Su banco ya no acepta este método de pago, así que no se intenta de nuevo.",
    used="Lo que se haya usado hasta entonces se factura también.",
    button="Actualizar el método de pago",
    link="Este enlace vale hasta el {until}. Permite guardar un método de pago, y nada más.",
)
WORDS: Mapping[str, Words] = {"en": _EN, "de": _DE, "fr": _FR, "es": _ES}
