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
    let wordsShown: Counter
    let wordsRevised: Counter

    /// Registers the metrics.
    public init(registry: MetricsRegistry) {
        let latency = registry.histograms(
            "rtap_pipeline_latency_seconds", help: "Time spent in a stage; endpoint wait is excluded.", labels: ["stage"])
        preprocess = latency["preprocess"]
        stt = latency["stt"]
        publish = latency["publish"]
        frames = registry.counters("rtap_frames_processed_total", help: "Audio portions taken.", labels: ["stage"])["capture"]
        finals = registry.counter("mynah_finals_total", help: "Final results.")
        errors = registry.counters(
            "rtap_errors_total", help: "Errors by stage and code.", labels: ["stage", "error_type"])
        wordsShown = registry.counter("mynah_partial_words_shown_total", help: "Words that partial results showed as stable.")
        wordsRevised = registry.counter("mynah_partial_words_revised_total", help: "Such words that changed afterwards.")
    }
}
