import HTTPEdge
import NIOCore
import PipelineFeed
import Ports
import SpeechModel
import Testing
import WireProtocol

@Suite("A subscriber of /stream", .timeLimit(.minutes(1)))
struct FeedConnectionTests {
    private let session = SessionID("ses_a")

    /// A final of some 20 KB.
    private func publish(_ sequence: Int, on hub: FeedHub) {
        let word = Word(String(repeating: "x", count: 10_000), startMS: 0, endMS: 9, confidence: 1)
        let source = TranscriptSource(session: session, sampleRate: 16_000, channels: 1)
        var feed = TranscriptFeed(source: source, lastSequence: sequence - 1) { _, _ in .unexamined(expecting: "en") }
        let final = FinalResult(
            sequence: sequence, hypothesis: Hypothesis(words: [word]), startMS: 0, endMS: 9, latency: FinalLatency())
        hub.publish(hub.prepare(feed.transcript(of: final, timeline: StageTimeline(lastSampleAt: 0))!))
    }

    @Test("that does not read at all is disconnected with 1013, although nothing more can be written to it")
    func stalled() async throws {
        let hub = FeedHub(version: "1", clock: StandingClock(), events: { _, _ in }, transcripts: { _, _ in })
        let status = StatusMessage(
            state: .idle, uptimeSeconds: 0, isHealthy: true, role: .primary, framesProcessed: 0, transcriptsCompleted: 0,
            averageLatencyMS: 0, bufferUtilization: 0, queueSizes: [:], totalErrors: 0, errorRatePerHour: 0, cpuUsagePercent: 0,
            memoryUsageMB: 0, lastTranscriptTime: nil, statusTimestamp: 0)
        let endpoint = FeedEndpoint(hub: hub, status: { status }, uptime: { 0 })
        let (closes, closed) = AsyncStream.makeStream(of: Int.self)
        var metrics = WebSocketMetrics()
        metrics.closed = { closed.yield($0) }
        var limits = WebSocketLimits()
        limits.closeTimeout = .milliseconds(50)
        try await WebSocketTestServer.run(endpoint, limits: limits, metrics: metrics) { server in
            let connection = try await RawConnection.open("/stream", port: server.port)
            #expect(await connection.heard()?.hasPrefix(#"{"message_type":"status""#) == true)
            try await connection.setReading(false)
            // Until the kernel takes no more, and some wait.
            var sequence = 0
            while hub.statistics.waiting < 5 {
                sequence += 1
                try #require(sequence < 10_000)
                publish(sequence, on: hub)
                for _ in 0..<20 where hub.statistics.waiting > 0 { try await Task.sleep(for: .milliseconds(1)) }
            }
            // Then 2 MB, twice as much as may wait for one subscriber.
            for more in 1...100 { publish(sequence + more, on: hub) }
            var code = closes.makeAsyncIterator()
            #expect(await code.next() == 1013)
            #expect(hub.statistics.subscribers == 0)

            // It comes back, and gets what it missed.
            let again = try await RawConnection.open("/stream?session=ses_a&from_sequence=\(sequence + 50)", port: server.port)
            _ = await again.heard()
            for number in sequence + 50...sequence + 100 {
                #expect(await again.heard()?.contains("\"sequence_number\":\(number),") == true)
            }
        }
    }
}

private struct StandingClock: Ports.Clock {
    let monotonicNanoseconds: UInt64 = 1
    let unixMilliseconds: UInt64 = 1_795_222_800_000
    func randomBits() -> UInt64 { 7 }
}
