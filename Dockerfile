# The server alone; the database, its secrets and a TLS front come from outside (see compose.yaml).
# Runs as an unprivileged user on a read-only root: only /data (and /tmp, by tmpfs) is written.

FROM python:3.12-slim-bookworm AS build
RUN python3 -m venv /opt/venv
COPY requirements/runtime.lock /tmp/runtime.lock
RUN /opt/venv/bin/python -m pip install \
        --no-cache-dir --disable-pip-version-check --require-hashes -r /tmp/runtime.lock \
    # What a new environment has besides, in older Pythons both of them.
    && /opt/venv/bin/python -m pip uninstall --yes --quiet pip setuptools
WORKDIR /app
COPY LICENSE NOTICE THIRD_PARTY.md app.py ./
COPY ephemeral ephemeral
COPY sql sql
COPY web web
# What is in here, for whoever has to know: made of files alone, the same of the same ones.
COPY requirements/runtime.lock /tmp/bill/requirements/runtime.lock
COPY tools/dependencies.py /tmp/bill/tools/dependencies.py
RUN ln -s /app/THIRD_PARTY.md /app/ephemeral /app/web /tmp/bill/ \
    && python3 /tmp/bill/tools/dependencies.py sbom > /app/sbom.cdx.json
# The root is read-only later, so the bytecode is made now.
RUN /opt/venv/bin/python -m compileall -q /app /opt/venv

FROM python:3.12-slim-bookworm
# A fixed number, so that the owner of a volume is the same after every build.
RUN groupadd --gid 10001 ephemeral \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data \
        --shell /usr/sbin/nologin ephemeral \
    && install -d -o 10001 -g 10001 -m 0700 /data /data/objects /secrets /s3 \
    # Where volumes with secrets are mounted takes its owner from here (see compose.yaml).
    && install -d -o 10001 -g 10001 -m 0755 /password
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOST=0.0.0.0 \
    PORT=3000 \
    DATA_DIR=/data
WORKDIR /app
USER 10001:10001
VOLUME /data
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-m", "ephemeral", "check", "--health"]
ENTRYPOINT ["python", "-m", "ephemeral"]
CMD ["serve"]
