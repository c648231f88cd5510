"""What the alerts say to a person, in the languages we have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Said:
    """One alert: what happened, and what to do about it."""

    summary: str
    description: str


@dataclass(frozen=True)
class Language:
    """Every alert's words in one language."""

    code: str
    alerts: Mapping[str, Said]


_P = "{{ $labels.pipeline }}"
_STAGE = "{{ with $labels.stage }} / {{ . }}{{ end }}"
_WHERE = "{{ with $labels.region }} / {{ . }}{{ end }}"
_INCIDENT = "{{ $labels.incident }}"
# Who says only that it is so has said no end.
_ENDS = "{{ if lt $value 1e12 }}"

ENGLISH = Language(
    "en",
    {
        "LumenBudgetBurn": Said(
            f"{_P}{_STAGE}: {{{{ $value }}}} failures within {{{{ $labels.window }}}} burn the error budget",
            "More failed than the {{ $labels.slo }} objective allows and than chance explains, and it still goes on.",
        ),
        "LumenPipelineFailing": Said(
            f"{_P}: the last {{{{ $value }}}} runs failed in every region",
            "No region works any more. Look at the latest failed run first.",
        ),
        "LumenRegionFailing": Said(
            f"{_P} / {{{{ $labels.region }}}}: the last {{{{ $value }}}} runs failed",
            "One region fails in a row, whatever the cause of each run.",
        ),
        "LumenStageFailed": Said(
            f"{_P} / {{{{ $labels.region }}}}: stage {{{{ $labels.stage }}}} failed when it last ran",
            "The job summary of the run has the line that proves the cause.",
        ),
        "LumenDayLost": Said(
            f"{_P}: a day closed without a good run in any region",
            "The day counts as lost; a good run that is found later corrects it.",
        ),
        "LumenBudgetExhausted": Said(
            f"{_P}{_STAGE}: {{{{ $value | humanizePercentage }}}} of the {{{{ $labels.slo }}}} error budget is used",
            "The promise for 30 days is broken. Reliability comes before features until it has recovered.",
        ),
        "LumenSLONotMeasurable": Said(
            f"{_P}{_STAGE}: one failure alone breaks the {{{{ $labels.slo }}}} objective",
            "The budget of 30 days is {{ $value | humanize }} failures. Lower the objective, or take a longer period.",
        ),
        "LumenDeadlineMissed": Said(
            f"{_P}: no run {{{{ $value | humanizeDuration }}}} after its deadline",
            "An expected run did not happen or did not report. Did the schedule fire, is the runner there?",
        ),
        "LumenPipelineStalled": Said(
            f"{_P}: no run for {{{{ $value | humanizeDuration }}}}",
            "It usually runs far more often. Look whether its trigger still works.",
        ),
        "LumenTelemetryAbsent": Said(
            "{{ with $labels.pipeline }}{{ . }}: no numbers{{ else }}no numbers of any pipeline{{ end }} are published",
            "Every other alert is blind for it. Look at the publisher, the Pushgateway and the scrape.",
        ),
        "LumenCountersInconsistent": Said(
            f"{_P} / {{{{ $labels.region }}}}: totals went backwards or do not add up",
            "Two publishers, an old push or a lost ledger. `lumen ledger verify` tells which.",
        ),
        "LumenIntegrityMismatch": Said(
            f"{_P}: stored data is not what was written",
            "The latest verification failed. Do not prune or overwrite anything before the cause is known.",
        ),
        "LumenIntegrityUnverifiable": Said(
            f"{_P}: nobody can say whether stored archives are what was frozen",
            "The latest verification could not be carried out: a store that does not answer, or no key.",
        ),
        "LumenVerificationOverdue": Said(
            f"{_P}: archives were last verified {{{{ $value | humanizeDuration }}}} ago",
            "What was found then says nothing of today. Look whether the workflow that verifies still runs.",
        ),
        "LumenRestoreFailed": Said(
            f"{_P}: the latest restore drill did not give back what was frozen",
            "An archive that cannot be restored is none. The drill named the archive, the store and the reason.",
        ),
        "LumenRestoreDrillOverdue": Said(
            f"{_P}: the last restore drill was {{{{ $value | humanizeDuration }}}} ago",
            "Keys get lost and permissions change. Look whether the workflow that drills still runs.",
        ),
        "LumenReportNotGenerated": Said(
            f"{_P}: the latest report was not generated",
            "The run that should have written it has the reason.",
        ),
        "LumenRerunStorm": Said(
            f"{_P}: {{{{ $value }}}} reruns within a day",
            "More than one run in five is run again. Retries hide a cause that should be mended.",
        ),
        "LumenWidespreadFailure": Said(
            "the same failure in {{ $value }} regions of several pipelines: {{ $labels.error_class }}",
            "One cause that they share. Mend that; running each of them again will not help.",
        ),
        "LumenIncidentUnacknowledged": Said(
            f"{_P}: nobody has taken {_INCIDENT}, due {{{{ $value | humanizeDuration }}}} ago",
            f"Take it: `lumen incident ack {_INCIDENT}`. Whoever was called has not answered: call the next.",
        ),
        "LumenPostmortemOverdue": Said(
            f"{_P}: the postmortem of {_INCIDENT} was due {{{{ $value | humanizeDuration }}}} ago",
            f"`lumen incident postmortem {_INCIDENT}` writes the draft. What is not written down happens again.",
        ),
        "LumenHealthFailing": Said(
            f"{_P}: {{{{ $labels.component }}}}{_WHERE} failed its health check",
            "What the pipeline needs is not well. `lumen health` says what it found, and looks again.",
        ),
        "LumenHealthStale": Said(
            f"{_P}: {{{{ $labels.component }}}}{_WHERE} was last checked {{{{ $value | humanizeDuration }}}} ago",
            "What was found then says nothing of now. Look whether the workflow that checks still runs.",
        ),
        "LumenCredentialExpiring": Said(
            f"{_P}: {{{{ $labels.component }}}}{_WHERE} has {{{{ $value | humanize }}}} days left",
            "A credential or certificate ends. Renew it before a stage fails on it; below 0 it has ended.",
        ),
        "LumenRunbookUndrilled": Said(
            f"{_P}: the runbook {{{{ $labels.runbook }}}} was not drilled for a month, or its last drill failed",
            "Steps that nobody has tried for a month may not work: `lumen runbook drill {{ $labels.runbook }}`.",
        ),
        "LumenSuppressed": Said(
            f"{_P}: alerts are suppressed{_ENDS} for another {{{{ $value | humanizeDuration }}}}{{{{ end }}}}",
            "They come back by themselves, or when who suppressed them without an end takes it back.",
        ),
    },
)

KOREAN = Language(
    "ko",
    {
        "LumenBudgetBurn": Said(
            f"{_P}{_STAGE}: {{{{ $labels.window }}}} 동안 실패 {{{{ $value }}}}건, 오류 예산 소진 중",
            "{{ $labels.slo }} 목표가 허용하는 것보다, 우연으로 설명되는 것보다 많이 실패했고 계속되고 있습니다.",
        ),
        "LumenPipelineFailing": Said(
            f"{_P}: 모든 리전에서 최근 {{{{ $value }}}}회 연속 실패",
            "정상인 리전이 없습니다. 가장 최근의 실패한 실행부터 확인하십시오.",
        ),
        "LumenRegionFailing": Said(
            f"{_P} / {{{{ $labels.region }}}}: 최근 {{{{ $value }}}}회 연속 실패",
            "실행마다 원인이 다르더라도 한 리전이 연속으로 실패하고 있습니다.",
        ),
        "LumenStageFailed": Said(
            f"{_P} / {{{{ $labels.region }}}}: 스테이지 {{{{ $labels.stage }}}} 실패",
            "실행의 작업 요약에 원인을 보여 주는 로그 줄이 있습니다.",
        ),
        "LumenDayLost": Said(
            f"{_P}: 어느 리전에서도 성공하지 못하고 하루가 마감됨",
            "그 날은 실패로 계산됩니다. 나중에 성공한 실행이 발견되면 정정됩니다.",
        ),
        "LumenBudgetExhausted": Said(
            f"{_P}{_STAGE}: {{{{ $labels.slo }}}} 오류 예산 {{{{ $value | humanizePercentage }}}} 사용",
            "30일 동안의 약속이 깨졌습니다. 회복될 때까지 기능보다 안정성이 먼저입니다.",
        ),
        "LumenSLONotMeasurable": Said(
            f"{_P}{_STAGE}: 실패 한 번으로 {{{{ $labels.slo }}}} 목표가 깨짐",
            "30일 예산이 실패 {{ $value | humanize }}건입니다. 목표를 낮추거나 기간을 늘리십시오.",
        ),
        "LumenDeadlineMissed": Said(
            f"{_P}: 마감 시각이 {{{{ $value | humanizeDuration }}}} 지났으나 실행 없음",
            "예정된 실행이 없었거나 보고되지 않았습니다. 스케줄과 러너를 확인하십시오.",
        ),
        "LumenPipelineStalled": Said(
            f"{_P}: {{{{ $value | humanizeDuration }}}} 동안 실행 없음",
            "평소에는 훨씬 자주 실행됩니다. 트리거가 작동하는지 확인하십시오.",
        ),
        "LumenTelemetryAbsent": Said(
            "{{ with $labels.pipeline }}{{ . }}: 수치가{{ else }}모든 파이프라인의 수치가{{ end }} 게시되지 않음",
            "다른 경보도 작동하지 못합니다. 게시 작업, Pushgateway, 수집 상태를 확인하십시오.",
        ),
        "LumenCountersInconsistent": Said(
            f"{_P} / {{{{ $labels.region }}}}: 합계가 줄었거나 서로 맞지 않음",
            "게시자가 둘이거나, 오래된 푸시이거나, 원장이 유실되었습니다. `lumen ledger verify`로 확인하십시오.",
        ),
        "LumenIntegrityMismatch": Said(
            f"{_P}: 저장된 데이터가 기록한 것과 다름",
            "최근 검증이 실패했습니다. 원인을 알기 전에는 아무것도 지우거나 덮어쓰지 마십시오.",
        ),
        "LumenIntegrityUnverifiable": Said(
            f"{_P}: 보관된 아카이브가 동결한 그대로인지 확인할 수 없음",
            "최근 검증을 수행하지 못했습니다. 저장소가 응답하지 않거나 키가 없습니다.",
        ),
        "LumenVerificationOverdue": Said(
            f"{_P}: 마지막 아카이브 검증 후 {{{{ $value | humanizeDuration }}}} 경과",
            "그때의 결과는 오늘을 보장하지 않습니다. 검증 워크플로가 아직 실행되는지 확인하십시오.",
        ),
        "LumenRestoreFailed": Said(
            f"{_P}: 최근 복원 훈련에서 동결한 내용을 되찾지 못함",
            "복원할 수 없는 아카이브는 없는 것과 같습니다. 훈련 기록에 아카이브, 저장소, 원인이 있습니다.",
        ),
        "LumenRestoreDrillOverdue": Said(
            f"{_P}: 마지막 복원 훈련 후 {{{{ $value | humanizeDuration }}}} 경과",
            "키는 사라지고 권한은 바뀝니다. 복원 훈련 워크플로가 아직 실행되는지 확인하십시오.",
        ),
        "LumenReportNotGenerated": Said(
            f"{_P}: 최근 보고서가 생성되지 않음",
            "보고서를 만들었어야 할 실행에 이유가 있습니다.",
        ),
        "LumenRerunStorm": Said(
            f"{_P}: 하루 동안 재실행 {{{{ $value }}}}건",
            "다섯 번 중 한 번 넘게 다시 실행되고 있습니다. 재시도가 고쳐야 할 원인을 가리고 있습니다.",
        ),
        "LumenWidespreadFailure": Said(
            "여러 파이프라인의 {{ $value }}개 리전에서 같은 실패: {{ $labels.error_class }}",
            "공통된 원인이 하나 있습니다. 각각 다시 실행하지 말고 그 원인을 해결하십시오.",
        ),
        "LumenIncidentUnacknowledged": Said(
            f"{_P}: {_INCIDENT} 미확인, 기한 {{{{ $value | humanizeDuration }}}} 초과",
            f"`lumen incident ack {_INCIDENT}`로 확인하십시오. 담당자가 응답하지 않으면 다음 담당자를 부르십시오.",
        ),
        "LumenPostmortemOverdue": Said(
            f"{_P}: {_INCIDENT} 사후 분석 기한 {{{{ $value | humanizeDuration }}}} 초과",
            f"`lumen incident postmortem {_INCIDENT}`로 초안을 만드십시오. 기록하지 않으면 다시 일어납니다.",
        ),
        "LumenHealthFailing": Said(
            f"{_P}: {{{{ $labels.component }}}}{_WHERE} 상태 점검 실패",
            "파이프라인에 필요한 구성 요소가 정상이 아닙니다. `lumen health`로 원인을 확인하고 다시 점검하십시오.",
        ),
        "LumenHealthStale": Said(
            f"{_P}: {{{{ $labels.component }}}}{_WHERE} 마지막 점검 후 {{{{ $value | humanizeDuration }}}} 경과",
            "그때의 결과는 지금을 보장하지 않습니다. 점검 워크플로가 아직 실행되는지 확인하십시오.",
        ),
        "LumenCredentialExpiring": Said(
            f"{_P}: {{{{ $labels.component }}}}{_WHERE} 만료까지 {{{{ $value | humanize }}}}일",
            "자격 증명이나 인증서가 만료됩니다. 스테이지가 실패하기 전에 갱신하십시오. 음수면 이미 만료되었습니다.",
        ),
        "LumenRunbookUndrilled": Said(
            f"{_P}: 런북 {{{{ $labels.runbook }}}} 한 달 넘게 훈련하지 않았거나 마지막 훈련이 실패함",
            "한 달 동안 시험하지 않은 절차는 작동하지 않을 수 있습니다: `lumen runbook drill {{ $labels.runbook }}`.",
        ),
        "LumenSuppressed": Said(
            f"{_P}: 경보 억제됨{_ENDS} ({{{{ $value | humanizeDuration }}}} 남음){{{{ end }}}}",
            "시간이 지나면 저절로 해제됩니다. 종료 시각 없이 억제했다면 억제한 쪽에서 해제해야 합니다.",
        ),
    },
)

LANGUAGES: Mapping[str, Language] = {language.code: language for language in (ENGLISH, KOREAN)}
