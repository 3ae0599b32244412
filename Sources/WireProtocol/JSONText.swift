/// Writes JSON quickly, in the order that it is told. `JSONEncoder` is some ten times slower and orders keys at random.
///
/// The writer closes what it opens and sets every comma; escapes are those of RFC 8259 §7.
public struct JSONText: Sendable {
    /// What was written, in UTF-8.
    private(set) var bytes: [UInt8] = []
    private var needsComma = false

    /// An empty text with room for so many bytes.
    public init(capacity: Int = 256) { bytes.reserveCapacity(capacity) }

    /// What was written.
    public var text: String { String(decoding: bytes, as: UTF8.self) }

    // MARK: - Structure

    /// Writes `{…}`.
    public mutating func object(_ fields: (inout JSONText) -> Void) { nested("{", "}", fields) }

    /// Writes `"name":{…}`.
    public mutating func object(_ name: StaticString, _ fields: (inout JSONText) -> Void) {
        key(name)
        nested("{", "}", fields)
    }

    /// Writes `"name":[…]` with one value for each element.
    public mutating func array<Element>(
        _ name: StaticString, _ elements: some Sequence<Element>, _ value: (inout JSONText, Element) -> Void
    ) {
        key(name)
        array(elements, value)
    }

    /// Writes `[…]` with one value for each element.
    mutating func array<Element>(_ elements: some Sequence<Element>, _ value: (inout JSONText, Element) -> Void) {
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

    private mutating func nested(_ opening: Unicode.Scalar, _ closing: Unicode.Scalar, _ body: (inout JSONText) -> Void) {
        separate()
        bytes.append(UInt8(ascii: opening))
        needsComma = false
        body(&self)
        bytes.append(UInt8(ascii: closing))
        needsComma = true
    }

    // MARK: - Fields

    /// Writes `"name":"value"`.
    public mutating func field(_ name: StaticString, _ value: String) {
        key(name)
        string(value)
    }

    /// Writes `"name":"value"`, or nothing.
    public mutating func field(_ name: StaticString, _ value: String?) {
        if let value { field(name, value) }
    }

    /// Writes `"name":value`.
    public mutating func field(_ name: StaticString, _ value: Int) {
        key(name)
        integer(value)
    }

    /// Writes `"name":value`, or nothing.
    public mutating func field(_ name: StaticString, _ value: Int?) {
        if let value { field(name, value) }
    }

    /// Writes `"name":true` or `"name":false`.
    public mutating func field(_ name: StaticString, _ value: Bool) {
        key(name)
        boolean(value)
    }

    /// Writes `"name":true` or `"name":false`, or nothing.
    public mutating func field(_ name: StaticString, _ value: Bool?) {
        if let value { field(name, value) }
    }

    /// Writes `"name":value` rounded to three decimals; `null` for what is not finite or larger than 10¹⁵.
    public mutating func field(_ name: StaticString, _ value: Double) {
        key(name)
        if value.isFinite, abs(value) <= 1e15 { number(value, decimals: 3) } else { null() }
    }

    // MARK: - Values

    /// Writes a value that is JSON already.
    mutating func json(_ value: [UInt8]) {
        separate()
        bytes.append(contentsOf: value)
    }

    mutating func null() {
        separate()
        literal("null")
    }

    mutating func boolean(_ value: Bool) {
        separate()
        literal(value ? "true" : "false")
    }

    mutating func integer(_ value: Int) {
        separate()
        digits(value)
    }

    /// Writes a number rounded to `decimals` places, without zeros at the end; `value` must be finite, and below 9·10¹⁸ when its decimal
    /// point is moved by so many places.
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
    public mutating func string(_ text: String) {
        separate()
        var text = text
        bytes.append(UInt8(ascii: "\""))
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

    private mutating func escape(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): literal("\\\"")
        case UInt8(ascii: "\\"): literal("\\\\")
        case UInt8(ascii: "\n"): literal("\\n")
        case UInt8(ascii: "\r"): literal("\\r")
        case UInt8(ascii: "\t"): literal("\\t")
        default:
            literal("\\u00")
            for digit in [byte >> 4, byte & 0xF] {
                bytes.append(digit + (digit < 10 ? UInt8(ascii: "0") : UInt8(ascii: "a") - 10))
            }
        }
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

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    private mutating func key(_ name: StaticString) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        literal(name)
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    private mutating func literal(_ text: StaticString) {
        bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }
}
