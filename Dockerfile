# syntax=docker/dockerfile:1

FROM python:3.11-slim-bookworm AS build
WORKDIR /build
RUN python -m venv /opt/tools && python -m venv --without-pip /opt/callscope
ENV VIRTUAL_ENV=/opt/callscope UV_NO_CACHE=1 UV_LINK_MODE=copy
COPY requirements.txt requirements-dev.txt ./
RUN sed -n '/^uv==/,/# via/p' requirements-dev.txt > uv.txt \
    && /opt/tools/bin/pip install --no-cache-dir --require-hashes -r uv.txt \
    && /opt/tools/bin/uv pip install --require-hashes --compile-bytecode -r requirements.txt
COPY pyproject.toml hatch_build.py README.md LICENSE ./
COPY scripts scripts
COPY web web
COPY src src
RUN /opt/tools/bin/uv pip install --no-deps --compile-bytecode --build-constraints requirements-dev.txt .

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /data --no-create-home callscope \
    && install -d -o callscope -g callscope -m 700 /data
COPY --from=build /opt/callscope /opt/callscope
ENV PATH=/opt/callscope/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    CALLSCOPE_DATA_DIR=/data CALLSCOPE_HOST=0.0.0.0 CALLSCOPE_PORT=8000 CALLSCOPE_LOG_FORMAT=json
USER callscope
WORKDIR /data
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=8s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/health/ready', timeout=7)"]
CMD ["callscope", "serve"]
