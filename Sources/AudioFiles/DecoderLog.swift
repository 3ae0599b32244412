/// Reads what ffmpeg says on its standard error, in bounded memory: the duration of the input, and the latest faults.
struct DecoderLog {
    /// Bytes of faults that are kept.
    static let faultLimit = 2048
    private static let lineLimit = 1024

    /// What the header of the input says about its length.
    private(set) var durationSeconds: Double?
    /// How many lines told of a fault.
    private(set) var faultCount = 0
    private var faults: [String] = []
    private var line: [UInt8] = []
    /// Whether ffmpeg itself has spoken. Lines without a level in front of that come from what started it, the dynamic linker for
    /// instance, and are faults; later ones are continued tags of the file.
    private var isLogging = false
    private static let durationPrefix = "[info]   Duration: "

    /// The latest faults, one per line.
    var faultText: String { faults.joined(separator: "\n") }
    /// The earliest of the faults that are kept.
    var firstFault: String { faults.first ?? "" }

    /// Takes the next bytes, in pieces of any length.
    mutating func append(_ bytes: some Sequence<UInt8>) {
        for byte in bytes {
            if byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") {
                finishLine()
            } else if line.count < Self.lineLimit {
                line.append(byte)
            }
        }
    }

    /// Takes what stands behind the last line break.
    mutating func finishLine() {
        defer { line.removeAll(keepingCapacity: true) }
        // Names and tags come from the foreign file: no control character of theirs reaches a terminal.
        let text = String(String(decoding: line, as: UTF8.self).map { $0.isASCII && $0 < " " ? " " : $0 })
        let isFault = ["[error]", "[fatal]", "[panic]"].contains { text.contains($0) }
        if text.hasPrefix(Self.durationPrefix), durationSeconds == nil {
            durationSeconds = Self.seconds(text.dropFirst(Self.durationPrefix.count).prefix { $0 != "," })
        }
        if isFault || !isLogging && !text.contains("[") && text.contains(where: { $0 != " " }) {
            faultCount += 1
            faults.append(text)
            while faults.count > 1, faultText.utf8.count > Self.faultLimit { faults.removeFirst() }
        }
        isLogging = isLogging || isFault || text.contains("[info]")
    }

    /// `HH:MM:SS.cc`; `nil` for `N/A`.
    private static func seconds(_ text: Substring) -> Double? {
        let parts = text.split(separator: ":").map { Double($0) }
        guard parts.count == 3, let hours = parts[0], let minutes = parts[1], let seconds = parts[2] else { return nil }
        return hours * 3600 + minutes * 60 + seconds
    }
}
