# The same program with everything baked in; docs/image.md says how to use it and how to take a newer base.
ARG BASE=python:3.11.16-slim-bookworm@sha256:a36c24f9cbdf4fd0f52d67f0823eeac19c2028c637cecc392d97f980d4fec56b

FROM ${BASE} AS build
ARG PIP_INDEX_URL
WORKDIR /opt/lumen
COPY locks /opt/lumen/locks
COPY lumen_action /opt/lumen/lumen_action
COPY rules /opt/lumen/rules
COPY entrypoint.py LICENSE /opt/lumen/
RUN python3 -m lumen_action.bootstrap /opt/lumen/site \
 && python3 -m compileall -q -f --invalidation-mode unchecked-hash lumen_action \
 && chmod 755 entrypoint.py \
 && chmod -R go=u-w .

FROM ${BASE}
LABEL org.opencontainers.image.title="lumen" \
      org.opencontainers.image.description="Why a pipeline stage failed, whether to run it again, and how reliable it is" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV LUMEN_SITE=/opt/lumen/site
# A PDF in Korean needs a font with Hangul; two files of the package are enough.
RUN apt-get update \
 && apt-get install -y --no-install-recommends fonts-nanum \
 && find /usr/share/fonts/truetype/nanum -name "*.ttf" ! -name NanumGothic.ttf ! -name NanumGothicBold.ttf -delete \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/*
COPY --from=build /opt/lumen /opt/lumen
RUN ln -s /opt/lumen/entrypoint.py /usr/local/bin/lumen
# Neither USER nor WORKDIR: a CI mounts folders of its own and picks both; every user may run it.
ENTRYPOINT ["/usr/local/bin/lumen"]
