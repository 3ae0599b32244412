import Downloads
import Foundation
import SpeechModel
import Synchronization

/// How far a download is: a line that is drawn again and again on a terminal, else a line now and then.
final class DownloadProgress: Sendable {
    private struct State {
        var line = ProgressLine()
        /// When and with how many bytes this connection began.
        var start: (time: ContinuousClock.Instant, bytes: Int)?
        var lastLine: ContinuousClock.Instant?
        var received = 0

        /// Writes a line of its own; what comes then is counted anew.
        mutating func write(_ text: String) {
            line.clear()
            Terminal.error.write(text.printable + "\n")
            (line, start) = (ProgressLine(), nil)
        }
    }

    private static let interval = Duration.seconds(10)

    private let state = Mutex(State())

    init(of url: String) { Terminal.error.write("\(url) is downloaded …\n") }

    /// Shows what happened.
    func report(_ event: DownloadEvent) {
        state.withLock { state in
            switch event {
            case .received(let bytes, let total): Self.show(bytes, of: total, &state)
            case .resumed(let bytes): state.write("It goes on after the \(bytes) bytes that are here.")
            case .waiting(let error, let duration):
                state.write("\(error.message) It is tried again in \(Int(duration / .seconds(1))) s.")
            }
        }
    }

    /// Says how large it was.
    func finish() { state.withLock { $0.write("\(ModelTable.megabytes($0.received)) are here.") } }

    private static func show(_ bytes: Int, of total: Int?, _ state: inout State) {
        let now = ContinuousClock.now
        let start = state.start ?? (now, bytes)
        (state.start, state.received) = (start, bytes)
        let elapsed = start.time.duration(to: now)
        let rate = elapsed > .zero ? Double(bytes - start.bytes) / (elapsed / .seconds(1)) : 0
        let note =
            ModelTable.megabytes(bytes) + (total.map { " of \(ModelTable.megabytes($0))" } ?? "")
            + "  \(ModelTable.megabytes(Int(rate)))/s"
        if Terminal.error.isTerminal {
            let share = total.map { Double(bytes) / Double(max(1, $0)) }
            let startShare = total.map { Double(start.bytes) / Double(max(1, $0)) }
            state.line.update(fraction: share, from: startShare ?? 0, note: note)
        } else if state.lastLine.map({ $0.duration(to: now) >= interval }) ?? true {
            state.lastLine = now
            let left = total.flatMap { rate > 0 ? Duration.seconds(Double($0 - bytes) / rate) : nil }
            Terminal.error.write(note + (left.map { "  \(ProgressLine.clock($0)) left" } ?? "") + "\n")
        }
    }
}
