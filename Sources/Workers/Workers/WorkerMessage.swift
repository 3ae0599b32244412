import SpeechModel

/// What parent and worker say to each other over their socket pair: a 12-byte header (kind, utterance, payload length; native byte
/// order, both ends are the same program) and the payload.
enum WorkerMessage {
    enum Kind: UInt32 {
        // parent → worker
        case begin = 1, audio, finish, cancel
        // worker → parent
        case hello = 16, progress, partial, final, cancelled, failed
    }

    static let headerBytes = 12
    /// Longest payload that is believed: an utterance's audio is sent in pieces far smaller.
    static let maximumPayload = 1 << 22

    struct Header {
        var kind: Kind
        var utterance: UInt32
        var length: Int
    }
}

/// Builds messages in a reusable buffer.
struct MessageWriter {
    private(set) var bytes: [UInt8] = []

    mutating func write(_ kind: WorkerMessage.Kind, utterance: UInt32, payload: (inout MessageWriter) -> Void = { _ in }) {
        let start = bytes.count
        put(kind.rawValue)
        put(utterance)
        put(UInt32(0))
        payload(&self)
        let length = UInt32(bytes.count - start - WorkerMessage.headerBytes)
        withUnsafeBytes(of: length) { length in
            for i in 0..<4 { bytes[start + 8 + i] = length[i] }
        }
    }

    mutating func put(_ value: UInt32) { withUnsafeBytes(of: value) { bytes.append(contentsOf: $0) } }
    mutating func put(_ raw: UnsafeRawBufferPointer) { bytes.append(contentsOf: raw) }
    mutating func put(_ text: String) {
        var text = text
        text.withUTF8 {
            put(UInt32($0.count))
            bytes.append(contentsOf: $0)
        }
    }
    mutating func put(_ hypothesis: Hypothesis) {
        put(UInt32(hypothesis.words.count))
        for word in hypothesis.words {
            put(UInt32(clamping: word.startMS))
            put(UInt32(clamping: word.endMS))
            put(Float(word.confidence).bitPattern)
            put(word.text)
        }
        put(UInt32(hypothesis.alternatives.count))
        for text in hypothesis.alternatives { put(text) }
        put(hypothesis.language ?? "")
    }
    /// Without phrases the number of them is 0.
    mutating func put(_ keyPhrases: KeyPhrases?) {
        put(UInt32(keyPhrases?.texts.count ?? 0))
        guard let keyPhrases else { return }
        put(Float(keyPhrases.sensitivity).bitPattern)
        for text in keyPhrases.texts { put(text) }
    }
    mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }
    mutating func removeFirst(_ count: Int) { bytes.removeFirst(count) }
}

/// Reads a payload; every read past its end yields nil instead of trapping, because the other process may have been dying.
struct PayloadReader {
    private let bytes: ArraySlice<UInt8>
    private var at: Int

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        at = bytes.startIndex
    }

    var rest: ArraySlice<UInt8> { bytes[at...] }

    mutating func integer() -> UInt32? {
        guard bytes.endIndex - at >= 4 else { return nil }
        let value = bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: at - bytes.startIndex, as: UInt32.self) }
        at += 4
        return value
    }
    mutating func text() -> String? {
        guard let count = integer(), bytes.endIndex - at >= Int(count) else { return nil }
        defer { at += Int(count) }
        return String(decoding: bytes[at..<at + Int(count)], as: UTF8.self)
    }
    mutating func keyPhrases() -> KeyPhrases? {
        guard let count = integer(), count > 0, let sensitivity = integer() else { return nil }
        var texts: [String] = []
        for _ in 0..<count {
            guard let text = text() else { return nil }
            texts.append(text)
        }
        return KeyPhrases(texts, sensitivity: Double(Float(bitPattern: sensitivity)))
    }
    mutating func hypothesis() -> Hypothesis? {
        guard let count = integer() else { return nil }
        var words: [Word] = []
        for _ in 0..<count {
            guard let start = integer(), let end = integer(), let confidence = integer(), let text = text() else { return nil }
            words.append(
                Word(text, startMS: Int(start), endMS: Int(end), confidence: Double(Float(bitPattern: confidence))))
        }
        guard let count = integer() else { return nil }
        var alternatives: [String] = []
        for _ in 0..<count {
            guard let text = text() else { return nil }
            alternatives.append(text)
        }
        guard let language = text() else { return nil }
        return Hypothesis(words: words, alternatives: alternatives, language: language.isEmpty ? nil : language)
    }
}

/// Collects bytes from a socket and yields whole messages.
struct MessageReader {
    private var bytes: [UInt8] = []
    private var at = 0

    mutating func append(_ new: UnsafeRawBufferPointer) { bytes.append(contentsOf: new) }

    /// The next whole message; nil until it is there.
    /// - Throws: `MessageReader.Garbage` when the other side speaks something else.
    mutating func next() throws(Garbage) -> (WorkerMessage.Header, ArraySlice<UInt8>)? {
        guard bytes.count - at >= WorkerMessage.headerBytes else {
            compact()
            return nil
        }
        var reader = PayloadReader(bytes[at...])
        guard let rawKind = reader.integer(), let kind = WorkerMessage.Kind(rawValue: rawKind), let utterance = reader.integer(),
            let length = reader.integer(), length <= WorkerMessage.maximumPayload
        else { throw Garbage() }
        let end = at + WorkerMessage.headerBytes + Int(length)
        guard bytes.count >= end else {
            compact()
            return nil
        }
        let payload = bytes[at + WorkerMessage.headerBytes..<end]
        at = end
        return (WorkerMessage.Header(kind: kind, utterance: utterance, length: Int(length)), payload)
    }

    private mutating func compact() {
        guard at > 0 else { return }
        bytes.removeFirst(at)
        at = 0
    }

    struct Garbage: Error {}
}
