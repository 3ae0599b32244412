import CConfinement
import Glibc
public import SpeechModel

/// Audio formats that are written by a confined `ffmpeg` child.
public enum AudioEncoder: String, Sendable, CaseIterable {
    case mp3, opus, aac, flac

    /// The media type (IANA).
    public var mediaType: String {
        switch self {
        case .mp3: "audio/mpeg"
        case .opus: "audio/ogg"
        case .aac: "audio/aac"
        case .flac: "audio/flac"
        }
    }

    /// Whether one piece after another makes a whole, so that the first can be sent while the next is made.
    public var isConcatenable: Bool { self == .mp3 || self == .aac }

    private var arguments: [String] {
        switch self {
        case .mp3: ["-c:a", "libmp3lame", "-q:a", "4", "-write_xing", "0", "-id3v2_version", "0", "-f", "mp3"]
        case .opus: ["-c:a", "libopus", "-b:a", "32k", "-f", "ogg"]
        case .aac: ["-c:a", "aac", "-b:a", "64k", "-f", "adts"]
        case .flac: ["-c:a", "flac", "-f", "flac"]
        }
    }

    /// Encodes mono audio. Blocks until it is done.
    ///
    /// - Throws: ``ErrorCode/missingDependency`` without `ffmpeg`, ``ErrorCode/internalError`` when it fails.
    public func encode(_ samples: [Int16], sampleRate: Int, settings: DecoderSettings) throws(SpeechError) -> [UInt8] {
        guard let program = settings.find("ffmpeg") else {
            throw SpeechError(
                .missingDependency, "\(rawValue) is written by the program ffmpeg, which is missing.",
                advice: "Install it with: apt-get install -y ffmpeg; or ask for wav or pcm.")
        }
        let input = confinement_make_memory_file("samples")
        let silence = open("/dev/null", O_WRONLY | O_CLOEXEC)
        var pipe: [CInt] = [-1, -1]
        guard input >= 0, silence >= 0, confinement_make_pipe(&pipe) == 0 else { throw failed("there are no more descriptors") }
        defer { for descriptor in [input, silence, pipe[0]] { close(descriptor) } }
        var at = 0
        let size = samples.count * 2
        while at < size {
            let count = samples.withUnsafeBytes { write(input, $0.baseAddress! + at, size - at) }
            guard count > 0 || errno == EINTR else { throw failed("there is no memory") }
            at += max(0, count)
        }
        lseek(input, 0, SEEK_SET)
        let limits = settings.limits
        let child: ChildProcess
        do throws(SpeechError) {
            child = try ChildProcess(
                [
                    settings.selfExecutable, "confine", "--memory-mb", "\(limits.decoderMemoryMB)", "--cpu-seconds",
                    "\(limits.decoderCPUSeconds)", "--", program, "-nostdin", "-hide_banner", "-loglevel", "quiet",
                    "-protocol_whitelist", "pipe", "-f", "s16le", "-ar", "\(sampleRate)", "-ac", "1", "-i", "pipe:0", "-threads",
                    "1",
                ] + arguments + ["pipe:1"], searchPath: settings.searchPath, input: input, output: pipe[1], errors: silence)
        } catch {
            close(pipe[1])
            throw error
        }
        close(pipe[1])
        var encoded: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(pipe[0], &chunk, chunk.count)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { break }
            encoded += chunk[..<count]
        }
        guard try child.wait(idleMilliseconds: limits.idleMilliseconds, cancellation: nil, name: rawValue) == .exited(0) else {
            throw failed("ffmpeg cannot write it")
        }
        return encoded
    }

    private func failed(_ reason: String) -> SpeechError {
        SpeechError(
            .internalError, "\(rawValue) could not be made: \(reason).",
            advice: "Ask for wav or pcm; `mynah doctor` looks at ffmpeg.")
    }
}
