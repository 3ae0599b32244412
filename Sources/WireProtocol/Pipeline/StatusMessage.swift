public import SpeechModel

/// How the pipeline is: on `/status`, and on `/stream` at the connection's start.
public struct StatusMessage: Sendable {
    /// Of the capture session.
    public var state: SessionState
    public var uptimeSeconds: Double
    public var isHealthy: Bool
    public var role: PipelineRole
    public var framesProcessed: Int
    public var transcriptsCompleted: Int
    public var averageLatencyMS: Double
    /// The fullest audio buffer, 0–1.
    public var bufferUtilization: Double
    /// Messages or frames that wait, by queue.
    public var queueSizes: [String: Int]
    public var totalErrors: Int
    public var errorRatePerHour: Double
    /// 100 is one core.
    public var cpuUsagePercent: Double
    /// In 2²⁰ bytes.
    public var memoryUsageMB: Double
    /// Unix seconds; nil while nothing was said.
    public var lastTranscriptTime: Double?
    /// When this was read, Unix seconds.
    public var statusTimestamp: Double

    /// Makes a status.
    public init(
        state: SessionState, uptimeSeconds: Double, isHealthy: Bool, role: PipelineRole, framesProcessed: Int,
        transcriptsCompleted: Int, averageLatencyMS: Double, bufferUtilization: Double, queueSizes: [String: Int],
        totalErrors: Int, errorRatePerHour: Double, cpuUsagePercent: Double, memoryUsageMB: Double,
        lastTranscriptTime: Double?, statusTimestamp: Double
    ) {
        self.state = state
        self.uptimeSeconds = uptimeSeconds
        self.isHealthy = isHealthy
        self.role = role
        self.framesProcessed = framesProcessed
        self.transcriptsCompleted = transcriptsCompleted
        self.averageLatencyMS = averageLatencyMS
        self.bufferUtilization = bufferUtilization
        self.queueSizes = queueSizes
        self.totalErrors = totalErrors
        self.errorRatePerHour = errorRatePerHour
        self.cpuUsagePercent = cpuUsagePercent
        self.memoryUsageMB = memoryUsageMB
        self.lastTranscriptTime = lastTranscriptTime
        self.statusTimestamp = statusTimestamp
    }

    /// The message as JSON.
    public var encoded: EncodedMessage { EncodedMessage(.status, Self.fields, self) }

    /// Writes the fields into an object, to which others can be added.
    public func write(to json: inout JSONText) { for field in Self.fields { field.write(&json, self) } }

    static let fields: [MessageField<StatusMessage>] = [
        .choice("state", "Of the capture session.") { $0.state },
        .number("uptime_seconds", "Since the server's start.") { $0.uptimeSeconds },
        .boolean("is_healthy", "Whether everything works.") { $0.isHealthy },
        .choice("role", "Whether this server answers for the pipeline.") { $0.role },
        .integer("frames_processed", "Since the server's start.") { $0.framesProcessed },
        .integer("transcripts_completed", "Finals since the server's start.") { $0.transcriptsCompleted },
        .number("average_latency_ms", "Of recent finals, milliseconds.") { $0.averageLatencyMS },
        .number("buffer_utilization", "The fullest audio buffer, 0–1.", in: 0...1) { $0.bufferUtilization },
        .map("queue_sizes", "What waits, by queue.", of: .integer(from: 0)) {
            $0.queueSizes
        } _: {
            $0.integer(max(0, $1))
        },
        .integer("total_errors", "Since the server's start.") { $0.totalErrors },
        .number("error_rate_per_hour", "Errors of the last hour.") { $0.errorRatePerHour },
        .number("cpu_usage_percent", "100 is one core.") { $0.cpuUsagePercent },
        .number("memory_usage_mb", "Resident memory in 2²⁰ bytes.") { $0.memoryUsageMB },
        .optionalSeconds("last_transcript_time", "Of the last final, Unix seconds; null before it.") { $0.lastTranscriptTime },
        .seconds("status_timestamp", "When this was read, Unix seconds.") { $0.statusTimestamp },
    ]
}
