/// Writes the JSON of pipeline messages: as ``JSONText`` does, and besides in bytes, with times in microseconds, keys that
/// are not known in the source, and messages inside messages.
struct MessageText: Sendable {
    private(set) var bytes: [UInt8] = []
    private var needsComma = false

    init(capacity: Int = 1024) { bytes.reserveCapacity(capacity) }

    /// What was written.
    var text: String { String(decoding: bytes, as: UTF8.self) }

    // MARK: - Structure

    /// Writes `{…}`.
    mutating func object(_ body: (inout MessageText) -> Void) { nested("{", "}", body) }

    /// Writes `[…]`.
    mutating func array<Element>(_ elements: some Sequence<Element>, _ value: (inout MessageText, Element) -> Void) {
        nested("[", "]") { json in
            for element in elements { value(&json, element) }
        }
    }

    /// Writes `"name":`; a value has to follow.
    mutating func key(_ name: String) {
        string(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    private mutating func nested(_ opening: Unicode.Scalar, _ closing: Unicode.Scalar, _ body: (inout MessageText) -> Void) {
        separate()
        bytes.append(UInt8(ascii: opening))
        needsComma = false
        body(&self)
        bytes.append(UInt8(ascii: closing))
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    // MARK: - Values

    /// Writes a value that is JSON already.
    mutating func json(_ value: [UInt8]) {
        separate()
        bytes.append(contentsOf: value)
    }

    mutating func null() { literal("null") }

    mutating func boolean(_ value: Bool) { literal(value ? "true" : "false") }

    mutating func integer(_ value: Int) {
        separate()
        digits(value)
    }

    /// Writes a number rounded to `decimals` places, without zeros at the end; `value` must be finite and at most 10¹².
    mutating func number(_ value: Double, decimals: Int) {
        separate()
        var scale = 1
        for _ in 0..<decimals { scale *= 10 }
        let scaled = Int((value * Double(scale)).rounded())
        if scaled < 0 { bytes.append(UInt8(ascii: "-")) }
        let magnitude = abs(scaled)
        digits(magnitude / scale)
        var fraction = magnitude % scale
        guard fraction > 0 else { return }
        bytes.append(UInt8(ascii: "."))
        while fraction > 0 {
            scale /= 10
            bytes.append(UInt8(ascii: "0") + UInt8(fraction / scale))
            fraction %= scale
        }
    }

    /// Writes a string with the escapes of RFC 8259 §7.
    mutating func string(_ text: String) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { utf8 in
            var clean = 0
            for (index, byte) in utf8.enumerated() where byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                bytes.append(contentsOf: utf8[clean..<index])
                escape(byte)
                clean = index + 1
            }
            bytes.append(contentsOf: utf8[clean...])
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func literal(_ text: StaticString) {
        separate()
        bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    private mutating func digits(_ value: Int) {
        if value < 0 { bytes.append(UInt8(ascii: "-")) }
        var rest = value.magnitude
        let start = bytes.count
        repeat {
            bytes.append(UInt8(ascii: "0") + UInt8(rest % 10))
            rest /= 10
        } while rest > 0
        bytes[start...].reverse()
    }

    private mutating func escape(_ byte: UInt8) {
        bytes.append(UInt8(ascii: "\\"))
        switch byte {
        case UInt8(ascii: "\n"): bytes.append(UInt8(ascii: "n"))
        case UInt8(ascii: "\r"): bytes.append(UInt8(ascii: "r"))
        case UInt8(ascii: "\t"): bytes.append(UInt8(ascii: "t"))
        case 0x20...: bytes.append(byte)
        default:
            bytes.append(contentsOf: Array("u00".utf8))
            for digit in [byte >> 4, byte & 0xF] {
                bytes.append(digit + (digit < 10 ? UInt8(ascii: "0") : UInt8(ascii: "a") - 10))
            }
        }
    }
}
