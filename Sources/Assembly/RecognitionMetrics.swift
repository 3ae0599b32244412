import OpenAIEngine
public import Telemetry
import Workers

/// What recognisers count: what is asked of others, and the steps of neural models.
public struct RecognitionMetrics: Sendable {
    let remote: RemoteUsage
    private let steps: Histogram
    private let stepUtterances: Counter

    /// Registers the metrics.
    public init(in registry: MetricsRegistry) {
        remote = RemoteUsage(in: registry)
        steps = registry.histogram("mynah_model_step_seconds", help: "How long a neural model takes for one step.")
        stepUtterances = registry.counter(
            "mynah_model_step_utterances_total", help: "Utterances that were taken along in such steps, each time.")
    }

    func count(_ step: ModelStep) {
        steps.observe(Double(step.microseconds) / 1e6)
        stepUtterances.increment(by: step.utterances)
    }
}
