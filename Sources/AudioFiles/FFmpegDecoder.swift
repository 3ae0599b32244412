import CConfinement
import Glibc
import SpeechModel
import SpeechPipeline

/// Decodes any media file to 16 kHz mono by a confined `ffmpeg` child, as a stream with back-pressure.
///
/// Demultiplexers of foreign files are where servers get broken into, so the child cannot open sockets or write files, has a
/// bounded processor time and address space (``Confinement``), sees one file, as its standard input, and may use only the
/// demultiplexers for the kind of file that its content showed. One thread at a time; no thread of its own.
final class FFmpegDecoder: AudioSource {
    let format: AudioFormat
    var expectedDurationSeconds: Double? { log.durationSeconds }
    private(set) var warnings: [String] = []

    private let input: InputFile
    private let limits: AudioLimits
    let child: ChildProcess
    private var log = DecoderLog()
    /// The reading ends of the child's outputs; −1 once they have ended.
    private var samples: CInt
    private var messages: CInt
    /// Our end of the child's standard input when it is fed by us; −1 when the child has the file itself or all of it.
    private var feed: CInt
    private var unfed: ArraySlice<UInt8> = []
    /// Half of a sample that was read.
    private var halfSample: UInt8?
    private var deliveredByteCount = 0
    private var isFinished = false

    private static let frameByteCount = 2
    private static let noSignal = CInt(MSG_NOSIGNAL | MSG_DONTWAIT)

    /// Starts decoding `input`, of which nothing has been read, though some may have been looked at.
    init(_ input: InputFile, kind: AudioFileKind, settings: DecoderSettings) throws(SpeechError) {
        guard let program = settings.find("ffmpeg") else {
            throw SpeechError(
                .missingDependency, "\(input.name) is not a plain WAV file, and the program ffmpeg that decodes it is missing.",
                advice: "Install it with: apt-get install -y ffmpeg")
        }
        format = try AudioFormat(sampleRate: SampleTime.rate, channels: 1, encoding: .int16)
        self.input = input
        limits = settings.limits
        let isFile = input.size != nil
        let arguments =
            [
                settings.selfExecutable, "confine", "--memory-mb", "\(limits.decoderMemoryMB)", "--cpu-seconds",
                "\(limits.decoderCPUSeconds)", "--", program,
            ] + Self.arguments(kind: kind, isFile: isFile)

        let output = try Self.makePipe()
        let errors = try Self.makePipe()
        // A socket and not a pipe: writing to it after the child's end gives an error, not a SIGPIPE.
        let feeding = isFile ? (ours: -1, theirs: input.fileDescriptor) : try Self.makeSocketPair()
        defer {
            Glibc.close(output.theirs)
            Glibc.close(errors.theirs)
            if !isFile { Glibc.close(feeding.theirs) }
        }
        samples = output.ours
        messages = errors.ours
        feed = feeding.ours
        do {
            child = try ChildProcess(
                arguments, searchPath: settings.searchPath, input: feeding.theirs, output: output.theirs,
                errors: errors.theirs)
        } catch {
            for descriptor in [output.ours, errors.ours, feeding.ours] where descriptor >= 0 { Glibc.close(descriptor) }
            throw error
        }
    }

    /// The command line behind the program's name.
    static func arguments(kind: AudioFileKind, isFile: Bool) -> [String] {
        // The descriptor's entry opens the same file again, seekable and without its name: a name is never interpreted
        // (`http:`, `concat:`, `%d`), and the file cannot be exchanged between the look at it and its decoding.
        [
            "-nostdin", "-hide_banner", "-nostats", "-loglevel", "level+info",
            "-protocol_whitelist", isFile ? "file" : "pipe", "-format_whitelist", kind.demultiplexers, "-threads", "1",
            "-i", isFile ? "file:/proc/self/fd/0" : "pipe:0",
            "-map", "0:a:0", "-vn", "-sn", "-dn", "-threads", "1", "-ac", "1", "-ar", "\(SampleTime.rate)", "-f", "s16le",
            "pipe:1",
        ]
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(SpeechError) -> Int {
        precondition(buffer.count >= Self.frameByteCount, "A buffer of less than one frame would mean the end.")
        do throws(SpeechError) {
            while !isFinished {
                if unfed.isEmpty, feed >= 0, input.hasPeeked { try refill() }
                let ready = try waitUntilReady(
                    (
                        watched(samples, for: POLLIN), watched(messages, for: POLLIN),
                        unfed.isEmpty ? unwatched : watched(feed, for: POLLOUT),
                        unfed.isEmpty && feed >= 0 ? watched(input.fileDescriptor, for: POLLIN) : unwatched
                    ), idleMilliseconds: limits.idleMilliseconds, cancellation: input.cancellation, name: input.name)
                if ready.3 != 0 { try refill() }
                if ready.2 != 0 { feedChild() }
                // Messages first: the child tells the duration before it delivers samples.
                readMessages()
                if ready.0 != 0, let count = readSamples(into: buffer) {
                    deliveredByteCount += count
                    let limit = limits.durationSeconds * SampleTime.rate * Self.frameByteCount
                    guard deliveredByteCount <= limit else {
                        throw SpeechError(
                            .tooLarge, "\(input.name) holds more than \(limits.durationSeconds) s of audio.",
                            advice: "Split it, or raise the limit.")
                    }
                    return count
                }
                if samples < 0 { try finish() }
            }
            return 0
        } catch {
            close()
            throw error
        }
    }

    private func refill() throws(SpeechError) {
        let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 1)
        defer { chunk.deallocate() }
        let count = try input.read(into: chunk)
        if count == 0 { closeDescriptor(&feed) } else { unfed = ArraySlice(chunk[..<count]) }
    }

    private func feedChild() {
        let count = unfed.withUnsafeBytes { send(feed, $0.baseAddress, $0.count, Self.noSignal) }
        if count >= 0 {
            unfed = unfed.dropFirst(count)
        } else if errno != EAGAIN && errno != EINTR {
            // The child wants no more; what it thinks of that is in its messages and its exit status.
            unfed = []
            closeDescriptor(&feed)
        }
    }

    private func readMessages() {
        var chunk = [UInt8](repeating: 0, count: 4096)
        // At most what a pipe holds, so that a child that never stops talking cannot keep us here.
        for _ in 0..<16 where messages >= 0 {
            let count = Glibc.read(messages, &chunk, chunk.count)
            if count > 0 {
                log.append(chunk[..<count])
            } else if count == 0 {
                log.finishLine()
                closeDescriptor(&messages)
            } else if errno != EINTR {
                return
            }
        }
    }

    /// Reads whole samples; `nil` when there are none at the moment or no more.
    private func readSamples(into buffer: UnsafeMutableRawBufferPointer) -> Int? {
        var filled = 0
        if let byte = halfSample {
            buffer[0] = byte
            filled = 1
        }
        let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
        let count = Glibc.read(samples, rest.baseAddress, rest.count)
        guard count > 0 else {
            if count == 0 { closeDescriptor(&samples) }
            return nil
        }
        filled += count
        halfSample = filled % 2 == 1 ? buffer[filled - 1] : nil
        return filled > 1 ? filled - filled % 2 : nil
    }

    /// Called after the last sample: judges how the child ended.
    private func finish() throws(SpeechError) {
        let outcome = try child.wait(
            idleMilliseconds: limits.idleMilliseconds, cancellation: input.cancellation, name: input.name)
        readMessages()
        switch outcome {
        case .signalled(SIGXCPU), .signalled(SIGKILL):
            throw SpeechError(
                .tooLarge,
                "Decoding \(input.name) was ended by the kernel: \(limits.decoderCPUSeconds) s of processor time or the memory"
                    + " of this machine were used up.",
                advice: "Split it, or raise the limit.")
        case .exited(0) where deliveredByteCount > 0:
            if log.faultCount > 0 {
                warnings.append(
                    "\(input.name) is damaged: \(log.faultCount) faults while decoding, for instance: \(log.firstFault)")
            }
            close()
        default:
            throw SpeechError(
                .undecodableMedia,
                "\(input.name) could not be decoded"
                    + (log.faultCount > 0 ? ":\n\(log.faultText)" : " (\(outcome))."),
                advice: input.size == nil
                    ? "Some files cannot be decoded as a stream: save it and give its path."
                    : "Check that it plays, and that it has an audio track.")
        }
    }

    func close() {
        isFinished = true
        child.kill()
        closeDescriptor(&samples)
        closeDescriptor(&messages)
        closeDescriptor(&feed)
        input.close()
    }

    deinit { close() }

    private func closeDescriptor(_ descriptor: inout CInt) {
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
    }

    /// A pipe whose reading end does not block.
    private static func makePipe() throws(SpeechError) -> (ours: CInt, theirs: CInt) {
        var ends: [CInt] = [-1, -1]
        guard confinement_make_pipe(&ends) == 0 else { throw outOfDescriptors }
        _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
        return (ends[0], ends[1])
    }

    private static func makeSocketPair() throws(SpeechError) -> (ours: CInt, theirs: CInt) {
        var ends: [CInt] = [-1, -1]
        let kind = CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else { throw outOfDescriptors }
        return (ends[0], ends[1])
    }

    private static var outOfDescriptors: SpeechError {
        SpeechError(
            .overloaded, "No pipe to the decoder could be made: \(String(cString: strerror(errno))).",
            advice: "Raise the limit of open files (ulimit -n), or decode less at once.")
    }
}
