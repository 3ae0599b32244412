import AudioFiles
import SpeechModel
import SpeechPipeline

/// The life of a capture loop, on its one thread: open, read, deliver, and again after a failure.
final class CaptureThread {
    /// Audio without a fault after which a device counts as sound again, in ns.
    private static let soundNanoseconds: UInt64 = 10_000_000_000
    /// Between two reports of dropped frames, in ns.
    private static let reportNanoseconds: UInt64 = 1_000_000_000
    /// After a gap, so that a broken driver does not keep a core busy, in ns.
    private static let gapPauseNanoseconds: UInt64 = 5_000_000

    private let input: CaptureInput
    private let settings: CaptureSettings
    private let sink: any CaptureSink
    private let open: CaptureLoop.Opener
    private let clock: any CaptureClock
    private let control: CaptureControl

    private var format: AudioFormat?
    private var ring = CaptureRing(pieceByteCount: 0, capacity: 1)
    private var backOff = BackOff()
    /// Dropped frames that the sink does not know of.
    private var unreported = 0
    private var lastReport: UInt64?

    init(
        input: CaptureInput, settings: CaptureSettings, sink: any CaptureSink, open: @escaping CaptureLoop.Opener,
        clock: any CaptureClock, control: CaptureControl
    ) {
        (self.input, self.settings, self.sink) = (input, settings, sink)
        (self.open, self.clock, self.control) = (open, clock, control)
    }

    /// Returns when the input is over or the loop was stopped.
    func run() {
        defer { control.ended.raise() }
        while !isStopping {
            do throws(SpeechError) {
                try capture()
                return finish()
            } catch {
                guard !isStopping else { return }
                guard input.isReopened else {
                    sink.captureLost(error, retryInMS: nil)
                    return finish()
                }
                let delayMS = backOff.next()
                sink.captureLost(error, retryInMS: delayMS)
                idle(until: clock.nanoseconds + UInt64(delayMS) * 1_000_000)
            }
        }
    }

    private var isStopping: Bool { control.stopping.isRaised }

    // MARK: - Reading

    /// Opens the input and delivers its audio to the end, or until the loop is to stop.
    private func capture() throws(SpeechError) {
        let source = OpenedSource(try openSource())
        defer { source.close() }
        let format = source.format
        guard !isStopping else { return }
        prepare(format)
        sink.captureBegan(format: format)

        let began = clock.nanoseconds
        var pacer = Pacer(sampleRate: format.sampleRate, start: began, patience: UInt64(settings.ringBufferMS) * 1_000_000)
        var watch = DeviceWatch(input: input, format: format, now: began)
        while true {
            if input.canWait { waitForRoom() }
            let count = try fill(ring.next, from: source, &watch)
            guard count > 0, !isStopping else { break }
            if input.isPaced {
                let due = pacer.due(afterNext: count / format.bytesPerFrame, now: clock.nanoseconds)
                clock.wait(until: due, unless: control.stopping)
            }
            deliver(byteCount: count)
            if clock.nanoseconds - began >= Self.soundNanoseconds { backOff.reset() }
        }
        if case .device(let name) = input, !isStopping { throw DeviceFault.ended(name) }
    }

    private func openSource() throws(SpeechError) -> any AudioSource {
        guard case .recording(_, loops: true) = input else { return try open(input, control.cancellation) }
        let (input, open, cancellation) = (input, open, control.cancellation)
        return try RepeatedRecording { () throws(SpeechError) in try open(input, cancellation) }
    }

    /// Makes the ring for a format. The audio that a sink did not take until its device came back is of the past.
    private func prepare(_ format: AudioFormat) {
        if let old = self.format { drop(ring.removeAll() / old.bytesPerFrame) }
        if self.format != format {
            let frames = max(1, format.sampleRate * settings.frameMS / 1000)
            ring = CaptureRing(
                pieceByteCount: frames * format.bytesPerFrame, capacity: settings.ringBufferMS / settings.frameMS)
            self.format = format
        }
        control.utilization = 0
    }

    /// Fills a piece.
    ///
    /// - Returns: its bytes; fewer than it can hold only at the end, 0 after it.
    private func fill(
        _ piece: UnsafeMutableRawBufferPointer, from source: OpenedSource, _ watch: inout DeviceWatch
    ) throws(SpeechError) -> Int {
        var filled = 0
        while filled < piece.count, !isStopping {
            let before = clock.nanoseconds
            let result = try source.read(into: UnsafeMutableRawBufferPointer(rebasing: piece[filled...]))
            switch result {
            case .audio(0):
                return filled
            case .audio(let count):
                try watch.received(byteCount: count, from: before, to: clock.nanoseconds)
                filled += count
            case .nothing:
                try watch.receivedNothing(at: clock.nanoseconds)
            case .gap:
                drop(try watch.lostFrames(at: clock.nanoseconds))
                clock.wait(until: clock.nanoseconds + Self.gapPauseNanoseconds, unless: control.stopping)
            }
        }
        return filled
    }

    // MARK: - Delivering

    /// Adds what was written to the ring's next slot, and gives the sink what it takes.
    private func deliver(byteCount: Int) {
        if ring.isFull { drain() }
        drop(ring.commit(byteCount: byteCount) / bytesPerFrame)
        drain()
        report()
    }

    private func drain() {
        while !isStopping, let piece = ring.oldest, sink.capture(piece) { ring.removeOldest() }
        control.utilization = Double(ring.count) / Double(ring.capacity)
    }

    private var bytesPerFrame: Int { format?.bytesPerFrame ?? 1 }

    private func drop(_ frames: Int) {
        guard frames > 0 else { return }
        unreported += frames
        control.addDropped(frames)
    }

    private func report(isLast: Bool = false) {
        guard unreported > 0, !isStopping else { return }
        let now = clock.nanoseconds
        if let lastReport, now - lastReport < Self.reportNanoseconds, !isLast { return }
        sink.captureDropped(frames: unreported)
        (unreported, lastReport) = (0, now)
    }

    // MARK: - Waiting

    /// Waits until the ring has room, for an input that can wait.
    private func waitForRoom() {
        while ring.isFull, !isStopping {
            drain()
            if ring.isFull { clock.wait(until: nextTick, unless: control.stopping) }
        }
    }

    /// Waits, and goes on delivering what is in the ring meanwhile.
    private func idle(until deadline: UInt64) {
        while !isStopping, clock.nanoseconds < deadline {
            drain()
            report()
            let hasWork = !ring.isEmpty || unreported > 0
            clock.wait(until: hasWork ? min(nextTick, deadline) : deadline, unless: control.stopping)
        }
    }

    /// Delivers the rest of an input that is over.
    private func finish() {
        drain()
        while !ring.isEmpty, !isStopping {
            clock.wait(until: nextTick, unless: control.stopping)
            drain()
            report()
        }
        guard !isStopping else { return }
        report(isLast: true)
        sink.captureEnded()
    }

    private var nextTick: UInt64 { clock.nanoseconds + UInt64(settings.frameMS) * 1_000_000 }
}
