import AudioFiles
import Fuzzing
import Glibc
import SpeechModel

/// What became of parsing, for comparison.
enum Verdict: Equatable {
    case incomplete
    case refused(ErrorCode)
    case complete(WAVHeader, consumed: Int)
}

/// Parses `bytes` in pieces of `step`.
func parse(_ bytes: UnsafeBufferPointer<UInt8>, step: Int) -> Verdict {
    var parser = WAVHeaderParser()
    var start = 0
    while start < bytes.count {
        let piece = UnsafeBufferPointer(rebasing: bytes[start..<min(bytes.count, start + step)])
        do throws(SpeechError) {
            if case .complete(let header, let consumed) = try parser.parse(piece.span) {
                return .complete(header, consumed: start + consumed)
            }
        } catch {
            return .refused(error.code)
        }
        start += piece.count
    }
    precondition(parser.endedEarly.code == .invalidAudio)
    return .incomplete
}

exit(
    fuzz { data, count in
        let bytes = UnsafeBufferPointer(start: data, count: count)
        let whole = parse(bytes, step: max(1, count))
        precondition(whole == parse(bytes, step: 1), "The division into pieces changed the result.")
        precondition(whole == parse(bytes, step: 7), "The division into pieces changed the result.")
        if case .complete(let header, let consumed) = whole {
            precondition(consumed <= count && header.dataOffset == UInt64(consumed), "More was read than there is.")
            precondition(header.channels > 0 && header.sampleRate > 0, "A header without sense was accepted.")
        }
        _ = AudioFileKind(prefix: bytes)
        return 0
    })
