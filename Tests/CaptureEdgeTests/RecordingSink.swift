@testable import CaptureEdge
import SpeechModel
import SpeechPipeline

/// Keeps everything that it is told, with the time.
final class RecordingSink: CaptureSink {
    enum Event: Hashable {
        case began(sampleRate: Int)
        /// Consecutive pieces are one event.
        case audio(frames: Int)
        case lost(ErrorCode, retryInMS: Int?)
        case dropped(frames: Int)
        case ended
    }

    private struct State {
        var events: [(timeMS: Int, event: Event)] = []
        var samples: [Int16] = []
        var pieces: [(timeMS: Int, frames: Int)] = []
        var messages: [String] = []
        var channels = 1
    }

    private let state = Locked(State())
    private let timeMS: @Sendable () -> Int
    private let accepts: @Sendable (_ timeMS: Int) -> Bool
    private let onEvent: @Sendable (_ event: Event, _ timeMS: Int) -> Void

    /// - Parameters:
    ///   - timeMS: the clock.
    ///   - accepts: whether a piece is taken.
    ///   - onEvent: called with each event, each piece among them, on the loop's thread.
    init(
        timeMS: @escaping @Sendable () -> Int, accepts: @escaping @Sendable (Int) -> Bool = { _ in true },
        onEvent: @escaping @Sendable (Event, Int) -> Void = { _, _ in }
    ) {
        (self.timeMS, self.accepts, self.onEvent) = (timeMS, accepts, onEvent)
    }

    var events: [Event] { state.withLock { $0.events.map(\.event) } }
    var timedEvents: [(timeMS: Int, event: Event)] { state.withLock { $0.events } }
    var pieces: [(timeMS: Int, frames: Int)] { state.withLock { $0.pieces } }
    /// The first channel.
    var samples: [Int16] { state.withLock { $0.samples } }
    var messages: [String] { state.withLock { $0.messages } }
    /// When the input was lost, in ms.
    var lossTimesMS: [Int] { timedEvents.filter { if case .lost = $0.event { true } else { false } }.map(\.timeMS) }
    /// All frames that were reported as dropped.
    var droppedFrames: Int { events.reduce(0) { if case .dropped(let frames) = $1 { $0 + frames } else { $0 } } }

    func captureBegan(format: AudioFormat) {
        state.withLock { $0.channels = format.channels }
        note(.began(sampleRate: format.sampleRate))
    }

    func capture(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let time = timeMS()
        guard accepts(time) else { return false }
        let frames = state.withLock { state in
            let frames = bytes.count / 2 / state.channels
            for i in 0..<frames {
                state.samples.append(bytes.loadUnaligned(fromByteOffset: 2 * state.channels * i, as: Int16.self))
            }
            state.pieces.append((time, frames))
            if case .audio(let before) = state.events.last?.event {
                state.events[state.events.count - 1].event = .audio(frames: before + frames)
            } else {
                state.events.append((time, .audio(frames: frames)))
            }
            return frames
        }
        onEvent(.audio(frames: frames), time)
        return true
    }

    func captureLost(_ error: SpeechError, retryInMS: Int?) {
        state.withLock { $0.messages.append(error.message) }
        note(.lost(error.code, retryInMS: retryInMS))
    }

    func captureDropped(frames: Int) { note(.dropped(frames: frames)) }
    func captureEnded() { note(.ended) }

    private func note(_ event: Event) {
        let time = timeMS()
        state.withLock { $0.events.append((time, event)) }
        onEvent(event, time)
    }
}
