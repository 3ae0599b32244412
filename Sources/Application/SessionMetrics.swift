import PipelineFeed
import Resilience
public import SpeechModel
public import Telemetry

/// What live sessions count. Names and stages are those of the contract.
public struct SessionMetrics: Sendable {
    /// Last needed sample → request to the recogniser.
    let preprocess: Histogram
    /// Request to the recogniser → its final hypothesis.
    let stt: Histogram
    /// Hypothesis → event written to the connection.
    let publish: Histogram
    let frames: Counter
    let finals: Counter
    let errors: MetricFamily<Counter>
    /// Frames that were dropped.
    let overflows: Counter
    let wakeWords: Counter
    let transitions: MetricFamily<Counter>
    let wordsShown: Counter
    let wordsRevised: Counter
    /// Sessions that were given up, by the stage that their thread did not come back from.
    let stuckStages: MetricFamily<Counter>
    /// Sessions that were not let in, by reason.
    let refused: MetricFamily<Counter>
    private let capture: Histogram
    private let wakeword: Histogram
    private let language: Histogram
    private let total: Histogram

    /// Registers the metrics.
    public init(registry: MetricsRegistry) {
        let latency = registry.histograms(
            "rtap_pipeline_latency_seconds", help: "Time spent in a stage; endpoint wait is excluded.", labels: ["stage"])
        preprocess = latency["preprocess"]
        stt = latency["stt"]
        publish = latency["publish"]
        capture = latency["capture"]
        language = latency["language"]
        total = latency["total"]
        wakeword = latency["wakeword"]
        frames =
            registry.counters(
                "rtap_frames_processed_total", help: "Audio frames of audio.frame_ms taken.", labels: ["stage"])["capture"]
        finals = registry.counter("mynah_finals_total", help: "Final results.")
        errors = registry.counters(
            "rtap_errors_total", help: "Errors by stage and code.", labels: ["stage", "error_type"])
        // Alerts look at how these grow, which they cannot before a first value.
        overflows = errors["capture", "buffer_overflow"]
        for code in [ErrorCode.recogniserFailed, .overloaded] { _ = errors["stt", code.rawValue] }
        stuckStages = registry.counters(
            "mynah_stuck_stages_total", help: "Sessions given up because a stage did not come back.", labels: ["stage"])
        for stage in PipelineStage.allCases { _ = stuckStages[stage.rawValue] }
        refused = registry.counters(
            "mynah_sessions_refused_total", help: "Sessions that were not let in, by reason.", labels: ["reason"])
        for reason in AdmissionPolicy.Reason.allCases.map(\.rawValue) + ["sessions"] { _ = refused[reason] }
        transitions = registry.counters(
            "rtap_state_transitions_total", help: "Changes of sessions' states.", labels: ["from", "to"])
        wakeWords = registry.counter("mynah_wake_words_total", help: "Wake words that were noticed.")
        wordsShown = registry.counter("mynah_partial_words_shown_total", help: "Words that partial results showed as stable.")
        wordsRevised = registry.counter("mynah_partial_words_revised_total", help: "Such words that changed afterwards.")
    }

    /// Counts a failure that no session can be told of.
    public func failed(_ stage: PipelineStage, _ code: ErrorCode) { errors[stage.rawValue, code.rawValue].increment() }

    /// Counts how the time of one published final was spent.
    func observe(_ timeline: StageTimeline) {
        capture.observe(timeline[.capture] / 1000)
        wakeword.observe(timeline[.wakeword] / 1000)
        language.observe(timeline[.language] / 1000)
        total.observe(timeline.totalMS / 1000)
    }
}
