# Two stages: the first has what builds, the second only what runs.
#
#   docker build -t bursar .
#   docker run --rm -p 127.0.0.1:8000:8000 -v bursar:/var/lib/bursar bursar run

FROM python:3.13-slim-bookworm AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1

# What changes least comes first: the dependencies are built anew only when a lock changes.
WORKDIR /build
COPY requirements.lock requirements-build.lock ./
RUN python -m venv /opt/bursar \
 && /opt/bursar/bin/pip install --require-hashes -r requirements.lock \
 && python -m venv /build/tools \
 && /build/tools/bin/pip install --require-hashes -r requirements-build.lock

COPY pyproject.toml LICENSE ./
COPY core core
COPY auth auth
COPY mcp_server mcp_server
COPY migrations migrations
RUN /build/tools/bin/hatchling build --target wheel --directory /build/wheels \
 && /opt/bursar/bin/pip install --no-deps --no-index /build/wheels/*.whl \
 && /opt/bursar/bin/pip uninstall --yes pip

FROM python:3.13-slim-bookworm

# A number, so that Kubernetes can see that it is not root. Its home is all that it may write to.
RUN groupadd --gid 10001 bursar \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/bursar bursar \
 && install --directory --owner 10001 --group 10001 --mode 0700 /var/lib/bursar

COPY --from=build /opt/bursar /opt/bursar

ENV PATH=/opt/bursar/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    BURSAR_HOST=0.0.0.0 \
    BURSAR_PUBLIC_URL=http://localhost:8000 \
    BURSAR_DATABASE_URL=sqlite:////var/lib/bursar/bursar.db \
    BURSAR_SECRETS_DIR=/var/lib/bursar/secrets

USER 10001:10001
WORKDIR /var/lib/bursar
VOLUME ["/var/lib/bursar"]
EXPOSE 8000

# Only whether the process answers: a database that is away is no reason to restart it.
HEALTHCHECK --interval=15s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/health', timeout=2)"]

# The exec form, so that SIGTERM reaches the server and it drains.
STOPSIGNAL SIGTERM
ENTRYPOINT ["bursar"]
CMD ["serve"]
