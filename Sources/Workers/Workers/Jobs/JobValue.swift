/// What a job is given, and what it gives back.
public enum JobValue: Sendable, Hashable {
    case text(String)
    /// Audio: mono, 16-bit; the rate is agreed elsewhere.
    case samples([Int16])
    case numbers([Double])
}

extension JobValue {
    private enum Tag: UInt32 {
        case text = 1
        case samples, numbers
    }

    /// Long audio goes in several messages, none longer than what is believed.
    private static let samplesPerMessage = 1 << 20

    /// Writes it as one message, or as several.
    func write(_ kind: WorkerMessage.Kind, to writer: inout MessageWriter) {
        switch self {
        case .text(let text):
            writer.write(kind, utterance: 0) {
                $0.put(Tag.text.rawValue)
                $0.put(text)
            }
        case .samples(let samples):
            var at = 0
            repeat {
                let end = min(samples.count, at + Self.samplesPerMessage)
                writer.write(kind, utterance: 0) { writer in
                    writer.put(Tag.samples.rawValue)
                    samples[at..<end].withUnsafeBytes { writer.put($0) }
                }
                at = end
            } while at < samples.count
        case .numbers(let numbers):
            writer.write(kind, utterance: 0) { writer in
                writer.put(Tag.numbers.rawValue)
                numbers.withUnsafeBytes { writer.put($0) }
            }
        }
    }

    /// Reads a message; nil when it is none of these.
    init?(_ payload: ArraySlice<UInt8>) {
        var reader = PayloadReader(payload)
        switch reader.integer().flatMap(Tag.init(rawValue:)) {
        case .text:
            guard let text = reader.text() else { return nil }
            self = .text(text)
        case .samples: self = .samples(Self.array(of: reader.rest, filledWith: 0))
        case .numbers: self = .numbers(Self.array(of: reader.rest, filledWith: 0))
        case nil: return nil
        }
    }

    /// Copied, because a slice of a stream need not be aligned.
    private static func array<Element: BitwiseCopyable>(of bytes: ArraySlice<UInt8>, filledWith zero: Element) -> [Element] {
        var array = [Element](repeating: zero, count: bytes.count / MemoryLayout<Element>.stride)
        array.withUnsafeMutableBytes { target in
            bytes.withUnsafeBytes { target.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[..<target.count])) }
        }
        return array
    }
}

extension [JobValue] {
    /// Adds what a message brought; audio that came in several becomes whole again.
    mutating func add(_ value: JobValue) {
        if case .samples(let more) = value, case .samples(var samples)? = last {
            removeLast()
            samples += more
            append(.samples(samples))
        } else {
            append(value)
        }
    }
}
