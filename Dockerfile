# commensal with its reads and R extras, from the lock. Build in a checkout:
#   docker build -t commensal .
#   docker run --rm -v "$PWD":/study -w /study commensal run study.toml --out results
FROM python:3.11-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev zlib1g-dev && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY requirements/run.txt requirements/mapping.txt requirements/
RUN python -m venv /opt/commensal \
 && /opt/commensal/bin/pip install --no-cache-dir --require-hashes -r requirements/run.txt \
 && /opt/commensal/bin/pip install --no-cache-dir --require-hashes -r requirements/mapping.txt \
 && /opt/commensal/bin/pip install --no-cache-dir hatchling
COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN /opt/commensal/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.11-slim
RUN useradd --create-home commensal
COPY --from=build /opt/commensal /opt/commensal
ENV PATH=/opt/commensal/bin:$PATH NUMBA_CACHE_DIR=/tmp/numba MPLCONFIGDIR=/tmp/matplotlib
USER commensal
ENTRYPOINT ["commensal"]
CMD ["--help"]
