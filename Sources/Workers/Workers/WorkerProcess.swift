import CWorkers
import Glibc
import SpeechModel

/// The life of a `mynah worker` process.
///
/// The process that the parent spawns is a *template*: it loads the models, recognises a warm-up utterance, and then only forks. Each
/// fork is one decoder with one socket, and shares the template's memory copy-on-write, so that a decoder costs a fraction of a model
/// and a replacement is ready within milliseconds. A crash takes one decoder with it, never its neighbours.
///
/// Must be entered before the process has a second thread, because only the calling thread survives fork(2).
public enum WorkerProcess {
    /// The descriptor on which the parent gives orders.
    public static let controlDescriptor: CInt = 3
    /// Below the parent's I/O, which must stay prompt when every core decodes.
    static let niceness: CInt = 5

    /// Serves until the parent closes the control socket, then exits.
    public static func run(warmUp: [Int16], makeDecoder: () throws -> any UtteranceDecoder) -> Never {
        workers_become_worker(niceness)
        let decoder: any UtteranceDecoder
        do {
            decoder = try makeDecoder()
            // Both ways: what is left of noise after suppression touches little of the search.
            for suppressesNoise in [true, false] {
                try decoder.start(adaptation: nil, suppressesNoise: suppressesNoise, keyPhrases: nil)
                try warmUp.withUnsafeBufferPointer { try decoder.accept($0) }
                _ = decoder.partial()
                _ = try decoder.finish()
            }
        } catch {
            send(.failed, to: controlDescriptor) { $0.put("\(error)") }
            exit(1)
        }
        send(.hello, to: controlDescriptor) { $0.put(UInt32(getpid())) }
        while true {
            let socket = workers_receive_descriptor(controlDescriptor)
            guard socket >= 0 else { exit(0) }
            if workers_fork() == 0 {
                workers_die_with_parent()
                close(controlDescriptor)
                var loop = DecoderLoop(socket: socket, decoder: decoder)
                loop.run()
            }
            close(socket)
        }
    }

    static func send(_ kind: WorkerMessage.Kind, to socket: CInt, payload: (inout MessageWriter) -> Void) {
        var writer = MessageWriter()
        writer.write(kind, utterance: 0, payload: payload)
        _ = writeAll(writer.bytes, to: socket)
    }

    /// Writes everything, blocking; false when the other side is gone.
    static func writeAll(_ bytes: [UInt8], to socket: CInt) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { write(socket, $0.baseAddress! + sent, $0.count - sent) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }
}

/// One forked decoder: reads requests, answers them in order, ends when the parent hangs up.
private struct DecoderLoop {
    /// Audio that may be decoded without a sign of life, so that the parent can tell slow from stuck.
    private static let samplesPerProgress = SampleTime.rate / 10

    let socket: CInt
    let decoder: any UtteranceDecoder
    private var reader = MessageReader()
    private var writer = MessageWriter()
    private var utterance: UInt32?
    private var samples = 0
    private var samplesReported = 0
    private var shown = Hypothesis(words: [])

    init(socket: CInt, decoder: any UtteranceDecoder) {
        self.socket = socket
        self.decoder = decoder
    }

    mutating func run() -> Never {
        writer.write(.hello, utterance: 0) { $0.put(UInt32(getpid())) }
        flush()
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = buffer.withUnsafeMutableBytes { read(socket, $0.baseAddress!, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { exit(0) }
            buffer.withUnsafeBytes { reader.append(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
            do {
                while let (header, payload) = try reader.next() { try handle(header, payload) }
            } catch {
                writer.write(.failed, utterance: utterance ?? 0) { $0.put("\(error)") }
                flush()
                exit(1)
            }
            report()
            flush()
        }
    }

    private mutating func handle(_ header: WorkerMessage.Header, _ payload: ArraySlice<UInt8>) throws {
        switch header.kind {
        case .begin:
            var reader = PayloadReader(payload)
            let adaptation = reader.text() ?? ""
            let suppressesNoise = reader.integer() == 1
            let keyPhrases = reader.keyPhrases()
            utterance = header.utterance
            samples = 0
            samplesReported = 0
            shown = Hypothesis(words: [])
            try decoder.start(
                adaptation: adaptation.isEmpty ? nil : adaptation, suppressesNoise: suppressesNoise, keyPhrases: keyPhrases)
        case .audio:
            guard header.utterance == utterance else { return }
            try payload.withUnsafeBytes { raw in
                // The header's 12 bytes and whole samples keep the payload aligned for Int16; copy when a slice is not.
                if Int(bitPattern: raw.baseAddress!) % 2 == 0 {
                    try accept(raw.bindMemory(to: Int16.self))
                } else {
                    var copy = [Int16](repeating: 0, count: raw.count / 2)
                    copy.withUnsafeMutableBytes { $0.copyMemory(from: UnsafeRawBufferPointer(rebasing: raw[..<$0.count])) }
                    try copy.withUnsafeBufferPointer { try accept($0) }
                }
            }
        case .finish:
            guard header.utterance == utterance else { return }
            let (hypothesis, adaptation) = try decoder.finish()
            utterance = nil
            writer.write(.final, utterance: header.utterance) {
                $0.put(hypothesis)
                $0.put(adaptation ?? "")
            }
            flush()
        case .cancel:
            guard header.utterance == utterance else { return }
            decoder.cancel()
            utterance = nil
            writer.write(.cancelled, utterance: header.utterance)
            flush()
        default:
            throw MessageReader.Garbage()
        }
    }

    private mutating func accept(_ all: UnsafeBufferPointer<Int16>) throws {
        var rest = all[...]
        while !rest.isEmpty {
            let piece = rest.prefix(Self.samplesPerProgress)
            rest = rest.dropFirst(piece.count)
            try decoder.accept(UnsafeBufferPointer(rebasing: piece))
            samples += piece.count
            if samples - samplesReported >= Self.samplesPerProgress, !rest.isEmpty {
                samplesReported = samples
                writer.write(.progress, utterance: utterance ?? 0) { $0.put(UInt32(samples)) }
                flush()
            }
        }
    }

    /// One partial for everything that was read at once: under load audio piles up, and only the newest reading matters.
    private mutating func report() {
        guard let utterance, samples > samplesReported else { return }
        samplesReported = samples
        let hypothesis = decoder.partial()
        if hypothesis == shown {
            writer.write(.progress, utterance: utterance) { $0.put(UInt32(samples)) }
        } else {
            shown = hypothesis
            writer.write(.partial, utterance: utterance) {
                $0.put(UInt32(samples))
                $0.put(hypothesis)
            }
        }
    }

    private mutating func flush() {
        guard !writer.bytes.isEmpty else { return }
        if !WorkerProcess.writeAll(writer.bytes, to: socket) { exit(0) }
        writer.removeAll()
    }
}
