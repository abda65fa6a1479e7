# The command, and what it needs to migrate: no server, no compiler, nothing to write to but /tmp (docs/container.md).
# Give the base by its digest where you build for production: --build-arg PYTHON_IMAGE=python:3.13-slim@sha256:...
ARG PYTHON_IMAGE=python:3.13-slim

FROM ${PYTHON_IMAGE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
COPY requirements/build.txt requirements/image.txt requirements/
# Without pip: nothing is installed into a running container.
RUN python -m venv --without-pip /opt/dbmate-wrap \
    && python -m pip install --require-hashes --only-binary :all: -r requirements/build.txt \
    && python -m pip --python /opt/dbmate-wrap install --require-hashes --only-binary :all: -r requirements/image.txt
COPY pyproject.toml README.md CHANGELOG.md LICENSE ./
COPY dbmate_wrap dbmate_wrap
RUN python -m pip wheel --no-index --no-deps --no-build-isolation --wheel-dir /dist . \
    && python -m pip --python /opt/dbmate-wrap install --no-index --no-deps /dist/*.whl

FROM ${PYTHON_IMAGE}
LABEL org.opencontainers.image.title="dbmate-wrap" org.opencontainers.image.licenses="MIT"
COPY --from=build /opt/dbmate-wrap /opt/dbmate-wrap
ENV PATH=/opt/dbmate-wrap/bin:$PATH PYTHONDONTWRITEBYTECODE=1
WORKDIR /project
# Any other number does too, with any group: nothing belongs to it, and it needs no home.
USER 65532:65532
# No shell: it would not hand on SIGTERM, and the exit code would be its own.
ENTRYPOINT ["dbmate-wrap"]
CMD ["--help"]
