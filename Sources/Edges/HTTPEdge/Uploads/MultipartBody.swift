import SpeechModel

/// The parts of a body of type `multipart/form-data` (RFC 7578).
struct MultipartBody {
    /// One field of the form.
    struct Part {
        /// Its bytes, without the line end before the next boundary.
        var content: ArraySlice<UInt8>
        /// Whether it has a file name.
        var isFile: Bool
    }

    /// By their names; of several with one name the first.
    private(set) var parts: [String: Part] = [:]
    /// How often each name was there.
    private(set) var values: [String: [String]] = [:]

    /// Reads a body.
    ///
    /// - Parameter type: the header `Content-Type`.
    /// - Throws: ``ErrorCode/malformedMessage`` with what is wrong.
    init(_ body: [UInt8], type: String?) throws(SpeechError) {
        guard let type, type.lowercased().hasPrefix("multipart/form-data"), let boundary = Self.parameter("boundary", of: type),
            (1...Self.longestBoundary).contains(boundary.utf8.count)
        else {
            throw Self.fault("is no form (multipart/form-data with a boundary of at most \(Self.longestBoundary) characters)")
        }
        let mark = Array("--\(boundary)".utf8)
        guard var at = Self.find(mark, in: body[...])?.upperBound else { throw Self.fault("does not have its boundary") }
        while !body[at...].starts(with: Array("--".utf8)) {
            guard body[at...].starts(with: Self.lineEnd), let end = Self.find(Self.lineEnd + mark, in: body[at...]) else {
                throw Self.fault("ends within a part")
            }
            let part = body[at + 2..<max(at + 2, end.lowerBound)]
            guard let headers = Self.find(Self.lineEnd + Self.lineEnd, in: body[at..<end.lowerBound]) else {
                throw Self.fault("has a part without headers")
            }
            try add(
                String(decoding: part[..<max(part.startIndex, headers.lowerBound)], as: UTF8.self),
                body[headers.upperBound..<end.lowerBound])
            at = end.upperBound
        }
    }

    /// The text of a field; nil where there is none.
    func text(_ name: String) -> String? { values[name]?.first }

    private mutating func add(_ headers: String, _ content: ArraySlice<UInt8>) throws(SpeechError) {
        let lines = headers.split(separator: "\r\n")
        guard let disposition = lines.first(where: { $0.lowercased().hasPrefix("content-disposition:") }),
            let name = Self.parameter("name", of: String(disposition))
        else { throw Self.fault("has a part without a name") }
        let part = Part(content: content, isFile: Self.parameter("filename", of: String(disposition)) != nil)
        if parts[name] == nil { parts[name] = part }
        if !part.isFile { values[name, default: []].append(String(decoding: content, as: UTF8.self)) }
    }

    /// RFC 2046, section 5.1.1; a long one would make the search for it slow.
    private static let longestBoundary = 70
    private static let lineEnd = Array("\r\n".utf8)

    /// A parameter of a header, with or without quotation marks.
    private static func parameter(_ name: String, of header: String) -> String? {
        for field in header.split(separator: ";").dropFirst() {
            let parts = field.split(separator: "=", maxSplits: 1).map { $0.trimmingPrefix { $0 == " " } }
            guard parts.count == 2, parts[0].lowercased() == name else { continue }
            let value = parts[1]
            return value.hasPrefix("\"") ? String(value.dropFirst().prefix { $0 != "\"" }) : String(value.prefix { $0 != " " })
        }
        return nil
    }

    private static func find(_ pattern: [UInt8], in bytes: ArraySlice<UInt8>) -> Range<Int>? {
        guard let first = pattern.first, bytes.count >= pattern.count else { return nil }
        var at = bytes.startIndex
        while let next = bytes[at...].firstIndex(of: first), next + pattern.count <= bytes.endIndex {
            if bytes[next...].starts(with: pattern) { return next..<next + pattern.count }
            at = next + 1
        }
        return nil
    }

    private static func fault(_ what: String) -> SpeechError {
        SpeechError(
            .malformedMessage, "The body \(what).",
            advice: "Send it as OpenAI's clients do: `curl -F file=@speech.wav …/v1/audio/transcriptions`.")
    }
}
