import Synchronization

/// One progress line for files that are transcribed at the same time.
final class TranscriptionProgress: Sendable {
    private struct State {
        var line = ProgressLine()
        var finishedFiles = 0
        /// What is done of the files that are worked on: seconds, and the share if the length is known.
        var open: [Int: (seconds: Double, share: Double?)] = [:]
        /// Seconds of files that are finished.
        var seconds = 0.0
    }

    private let files: Int
    private let started = ContinuousClock.now
    private let state = Mutex(State())

    init(files: Int) { self.files = files }

    /// Seconds of a file before which everything is in its transcript, and how long it is where that is known.
    func update(_ file: Int, finishedSeconds: Double, of total: Double?) {
        state.withLock { state in
            state.open[file] = (finishedSeconds, total.map { $0 > 0 ? min(1, finishedSeconds / $0) : 1 })
            let elapsed = started.duration(to: .now) / .seconds(1)
            let seconds = state.open.values.reduce(state.seconds) { $0 + $1.seconds }
            let speed = "\(((elapsed > 0 ? seconds / elapsed : 0) * 10).rounded() / 10) × real time"
            let shares = state.open.values.compactMap(\.share)
            state.line.update(
                fraction: files == 1 && shares.isEmpty
                    ? nil : (Double(state.finishedFiles) + shares.reduce(0, +)) / Double(files),
                note: files == 1 ? speed : "\(state.finishedFiles) of \(files) files  \(speed)")
        }
    }

    /// Nothing more comes of this file.
    func finish(_ file: Int) {
        state.withLock { state in
            state.seconds += state.open.removeValue(forKey: file)?.seconds ?? 0
            state.finishedFiles += 1
        }
    }

    /// Takes the line away while something else is written.
    func interrupt<Failure: Error>(_ body: () throws(Failure) -> Void) throws(Failure) {
        let result = state.withLock { state in
            state.line.clear()
            return Result { () throws(Failure) in try body() }
        }
        try result.get()
    }
}
