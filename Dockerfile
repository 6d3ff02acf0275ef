# Touchstone: the API, its pages and the ingestion worker in one process. Build: docker build -t touchstone .
ARG PYTHON_VERSION=3.11

FROM python:${PYTHON_VERSION}-slim AS build
# Linux wheels of torch carry CUDA by default (gigabytes). For the small CPU build, pass the address that
# PyTorch's installation page gives for "CPU": --build-arg TORCH_INDEX_URL=...
ARG TORCH_INDEX_URL=""
WORKDIR /src
RUN python -m venv /opt/touchstone
ENV PATH=/opt/touchstone/bin:$PATH PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
# The libraries are a layer of their own: a change in the code does not install them again.
COPY pyproject.toml constraints.txt ./
RUN python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies'], sep='\n')" > requirements.txt \
    && pip install --constraint constraints.txt ${TORCH_INDEX_URL:+--extra-index-url "$TORCH_INDEX_URL"} --requirement requirements.txt
COPY README.md LICENSE ./
COPY core core
COPY indexes indexes
COPY ingest ingest
COPY service service
COPY evaluation evaluation
COPY app app
COPY cli cli
COPY touchstone touchstone
COPY demo demo
RUN pip install --no-deps .

FROM python:${PYTHON_VERSION}-slim
RUN useradd --uid 10001 --create-home --shell /usr/sbin/nologin touchstone \
    && install -d -o touchstone -g touchstone -m 0700 /data
COPY --from=build /opt/touchstone /opt/touchstone
ENV PATH=/opt/touchstone/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    TOUCHSTONE_DATA=/data \
    TOUCHSTONE_EMBEDDER__CACHE=/data/cache \
    TOUCHSTONE_LOG_LEVEL=info \
    TOUCHSTONE_SERVER__PORT=8000
USER touchstone
WORKDIR /data
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
# Whoever reaches it needs a key: the first start makes one, readable in the volume alone.
CMD ["touchstone", "serve", "--host", "0.0.0.0", "--first-key", "/data/first-key"]
