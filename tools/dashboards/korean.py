"""What the dashboards say in Korean."""

from __future__ import annotations

from collections.abc import Mapping

KOREAN: Mapping[str, str] = {
    # Variables, links, annotations
    "Prometheus": "Prometheus",
    "Pipeline": "파이프라인",
    "Region": "리전",
    "Objective": "목표",
    "Window": "기간",
    "Reliability": "신뢰성",
    "Status": "상태",
    "Runbook": "런북",
    "Failed runs": "실패한 실행",
    "Alerts": "경보",
    "Releases": "릴리스",
    "Open the run": "실행 열기",
    "What to do": "조치 방법",
    # Columns and states
    "Severity": "심각도",
    "page": "호출",
    "ticket": "티켓",
    "info": "정보",
    "Alert": "경보",
    "Stage": "스테이지",
    "Run": "실행",
    "Outcome": "결과",
    "success": "성공",
    "failure": "실패",
    "timeout": "시간 초과",
    "error": "오류",
    "missing": "누락",
    "cancelled": "취소",
    "skipped": "건너뜀",
    "Class": "분류",
    "Ended": "종료",
    "Failures in a row": "연속 실패",
    "Address": "주소",
    "Fingerprint": "지문",
    "good": "정상",
    "failed": "실패",
    "failing": "실패 중",
    "lost": "실패",
    "no run": "실행 없음",
    "nothing ran": "실행 없음",
    "nothing to count": "집계 대상 없음",
    "no data": "데이터 없음",
    "not enough data": "데이터 부족",
    "no run is known": "알려진 실행 없음",
    "Verdict": "판정",
    "met": "달성",
    "violated": "위반",
    "not enough runs to tell": "판단할 실행 부족",
    "no objective": "목표 없음",
    "no objective is set": "설정된 목표 없음",
    "Promised": "약속",
    "promised": "약속",
    "Good": "성공률",
    "At least": "하한",
    "at least": "하한",
    "At most": "상한",
    "at most": "상한",
    "Events": "이벤트",
    "Bad": "실패",
    "Allowed": "허용",
    "Used": "사용",
    "Left": "잔여",
    "Share left": "잔여 비율",
    "7 days": "7일",
    "30 days": "30일",
    "Stages run": "실행된 스테이지",
    "Good at once": "첫 시도 성공",
    "Good in the end": "최종 성공",
    "Saved by a rerun": "재실행으로 회복",
    # Status
    "Lumen: status": "Lumen: 상태",
    "What runs, what failed, and where to look.": "무엇이 실행되고 무엇이 실패했는지, 어디를 봐야 하는지 보여 줍니다.",
    "Now": "현재",
    "Alerts by severity": "심각도별 경보",
    "How many alerts fire now, by whom they call.": "지금 발생 중인 경보의 수를 심각도별로 보여 줍니다.",
    "none fire": "발생 없음",
    "Firing alerts": "발생 중인 경보",
    "What fires now. The runbook says what to do about it.": "지금 발생 중인 경보입니다. 조치 방법은 런북에 있습니다.",
    "no alert fires": "발생 중인 경보 없음",
    "Runs": "실행",
    "Last run of each pipeline and region": "파이프라인과 리전별 마지막 실행",
    "The latest run that ended, whatever came of it. The run leads to its log.": (
        "결과와 관계없이 가장 최근에 끝난 실행입니다. 실행을 누르면 로그로 이동합니다."
    ),
    "Last failed run of each pipeline and region": "파이프라인과 리전별 마지막 실패",
    "Where to look for the cause; it stays after later runs went well.": (
        "원인을 확인할 실행입니다. 이후 실행이 성공해도 남아 있습니다."
    ),
    "no run has failed": "실패한 실행 없음",
    "Stages": "스테이지",
    "Whether each stage went well when it last ran. A cancelled or skipped stage changes nothing.": (
        "각 스테이지의 마지막 결과입니다. 취소되거나 건너뛴 스테이지는 영향을 주지 않습니다."
    ),
    "no stage has been reported": "보고된 스테이지 없음",
    "Durations": "소요 시간",
    "How long each stage took when it last ran.": "각 스테이지가 마지막으로 실행될 때 걸린 시간입니다.",
    "no duration has been reported": "보고된 소요 시간 없음",
    "Checks": "점검",
    "Integrity": "무결성",
    "Whether the latest verification of stored data held.": "저장된 데이터의 최근 검증 결과입니다.",
    "never checked": "점검한 적 없음",
    "Report": "보고서",
    "Whether the latest report was generated.": "최근 보고서가 생성되었는지 보여 줍니다.",
    "no report is expected": "예정된 보고서 없음",
    "Time left to the deadline": "마감까지 남은 시간",
    "How long until the next expected run has to report. Below 0 it is late.": (
        "다음에 예정된 실행이 보고되어야 할 때까지 남은 시간입니다. 0보다 작으면 늦은 것입니다."
    ),
    "no schedule is known": "알려진 일정 없음",
    "Alerts suppressed": "억제된 경보",
    "How long alerts stay silent; they come back by themselves.": "경보가 억제되는 남은 시간입니다. 저절로 해제됩니다.",
    "nothing suppressed": "억제 없음",
    "Incidents and health": "인시던트와 상태",
    "Open incidents": "진행 중인 인시던트",
    "Incidents that go on, by how bad they are.": "진행 중인 인시던트의 수를 심각도별로 보여 줍니다.",
    "no incident is known": "알려진 인시던트 없음",
    "Time left to acknowledge": "확인까지 남은 시간",
    "How long until somebody has to have taken an incident. Below 0 it is late.": (
        "담당자가 인시던트를 확인해야 할 때까지 남은 시간입니다. 0보다 작으면 늦은 것입니다."
    ),
    "nothing waits for somebody": "확인을 기다리는 인시던트 없음",
    "Health": "구성 요소 상태",
    "What the latest check of each component found.": "각 구성 요소의 최근 점검 결과입니다.",
    "no component is checked": "점검하는 구성 요소 없음",
    "warning": "경고",
    "Next maintenance": "다음 유지 보수",
    "How long until alerts are silenced as planned.": "계획대로 경보가 억제되기까지 남은 시간입니다.",
    "none is planned": "계획 없음",
    "Failed runs since the last good one.": "마지막 성공 이후 실패한 실행의 수입니다.",
    "Age of the numbers": "수치의 경과 시간",
    "How long ago Prometheus last saw a pipeline's series. Old numbers make every panel here old.": (
        "Prometheus가 파이프라인의 시계열을 마지막으로 본 뒤 지난 시간입니다. "
        "수치가 오래되면 이 화면의 모든 패널이 오래된 것입니다."
    ),
    "no pipeline has been seen": "확인된 파이프라인 없음",
    # Reliability
    "Lumen: reliability": "Lumen: 신뢰성",
    "How reliable the pipelines are, how sure that is, and what is left of the budget.": (
        "파이프라인이 얼마나 믿을 만한지, 그 값이 얼마나 확실한지, 예산이 얼마나 남았는지 보여 줍니다."
    ),
    "Is the promise kept?": "약속을 지키고 있는가?",
    "Objectives, and what the runs show": "목표와 실제 결과",
    "Counted exactly in the chosen window. The truth lies between the bounds: each holds with 95 % confidence. Met or "
    "violated is said only where both bounds are on one side of the objective.": (
        "선택한 기간에서 정확히 센 값입니다. 참값은 상한과 하한 사이에 있으며 각 한계의 신뢰도는 95 %입니다. "
        "두 한계가 모두 목표의 한쪽에 있을 때만 달성 또는 위반으로 판정합니다."
    ),
    "Counts not known": "알 수 없는 집계",
    "Regions whose start of the window was not seen. Their pipelines have no numbers for it, rather than wrong ones.": (
        "기간의 시작이 관측되지 않은 리전의 수입니다. 해당 파이프라인은 틀린 수치 대신 수치를 표시하지 않습니다."
    ),
    "all counts are known": "모든 집계 확인됨",
    "Error budget of 30 days": "30일 오류 예산",
    "Error budget in events": "이벤트 단위 오류 예산",
    "How many bad events 30 days allow, and how many there were. A budget below 1 cannot be measured: one failure "
    "alone breaks the promise.": (
        "30일 동안 허용되는 실패 수와 실제 실패 수입니다. 예산이 1보다 작으면 측정할 수 없습니다. "
        "실패 한 번으로 약속이 깨집니다."
    ),
    "Burn-down of the error budget": "오류 예산 소진 추이",
    "What is left of the budget of the 30 days before each moment. Below 0 the promise is broken.": (
        "각 시점 이전 30일 예산의 잔여 비율입니다. 0보다 작으면 약속이 깨진 것입니다."
    ),
    "Days and causes": "날짜와 원인",
    "Runs per day": "일별 실행 수",
    "Runs that ended between midnight and midnight of the time zone of this dashboard; no run is in two bars. A day is "
    "shown when it is over.": (
        "이 대시보드의 시간대로 자정부터 자정까지 끝난 실행입니다. 한 실행이 두 막대에 들어가지 않습니다. "
        "하루가 끝나야 표시됩니다."
    ),
    "Result of each day": "일별 결과",
    "A day is good when any region succeeded. A lost day is closed some hours after its end, and its tile comes at "
    "noon. "
    "A day that is corrected later keeps its tile; the ratios have the correction.": (
        "한 리전이라도 성공하면 그 날은 정상입니다. 실패한 날은 끝나고 몇 시간 뒤에 마감되며 정오에 표시됩니다. "
        "나중에 정정된 날의 칸은 그대로 남고, 비율에는 정정이 반영됩니다."
    ),
    "no day has been decided": "결정된 날 없음",
    "Failures per day, by class": "분류별 일별 실패",
    "What failed, as first counted: a correction has no class.": "처음 집계된 실패입니다. 정정에는 분류가 없습니다.",
    "no failures": "실패 없음",
    "Failures by class": "분류별 실패",
    "What failed in the last 7 and 30 days, as first counted.": "최근 7일과 30일에 처음 집계된 실패입니다.",
    "Regions": "리전",
    "Whether the latest run of each region failed.": "각 리전의 최근 실행이 실패했는지 보여 줍니다.",
    "Success ratio of each region": "리전별 성공률",
    "In the chosen window; red below 90 %, orange below 99 %. A region where everything failed shows 0 %, one where "
    "nothing ran says so.": (
        "선택한 기간의 값입니다. 90 % 미만은 빨간색, 99 % 미만은 주황색입니다. "
        "모두 실패한 리전은 0 %로, 실행이 없던 리전은 실행 없음으로 표시됩니다."
    ),
    "Reruns": "재실행",
    "Rerun decisions per day": "일별 재실행 결정",
    "What was decided after failures.": "실패 후에 내려진 결정입니다.",
    "nothing was decided": "결정 없음",
    "Did running it again help?": "재실행이 도움이 되었는가?",
    "Stages that went well at once, and those that went well in the end, in the chosen window. The difference is what "
    "reruns saved.": (
        "선택한 기간에 첫 시도에 성공한 스테이지와 최종적으로 성공한 스테이지입니다. "
        "그 차이가 재실행으로 회복된 것입니다."
    ),
    "Last runs": "최근 실행",
    "The latest 200 runs of the shown time, as they were published: of the runs that ended between two publishes "
    "only the last is here. A run whose result was corrected is here with each of its results.": (
        "표시된 기간의 최근 실행 200건을 게시된 대로 보여 줍니다. 두 게시 사이에 끝난 실행은 마지막 것만 나타납니다. "
        "결과가 정정된 실행은 결과마다 나타납니다."
    ),
    "How sure is it?": "얼마나 확실한가?",
    "Success ratio of $pipeline": "$pipeline 성공률",
    "Runs that succeeded in the chosen window before each moment, between its bounds with 95 % confidence. Few runs "
    "make the band wide; no run makes a gap.": (
        "각 시점 이전 선택한 기간에 성공한 실행의 비율과 95 % 신뢰 한계입니다. "
        "실행이 적으면 띠가 넓고, 실행이 없으면 비어 있습니다."
    ),
}
