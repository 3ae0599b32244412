/// Whose speech it is. Until tenants exist there is one, ``local``.
public struct TenantID: Hashable, Sendable, CustomStringConvertible {
    /// The only tenant of a server without tenants.
    public static let local = TenantID("local")
    public let description: String
    /// Names a tenant.
    public init(_ name: String) { description = name }
}

/// A live session: `ses_` and a UUIDv7 in 32 hexadecimal digits, sortable by time of creation.
public struct SessionID: Hashable, Sendable, CustomStringConvertible {
    public let description: String
    /// Takes an id as it came from a client; it need not exist.
    public init(_ text: String) { description = text }
    /// Makes a new id from a wall-clock time in milliseconds and randomness.
    public init(unixMS: UInt64, using random: inout some RandomNumberGenerator) {
        description = "ses_" + uuidV7(unixMS: unixMS, using: &random)
    }
}

/// A piece of audio: `rec_` and a UUIDv7.
public struct AudioID: Hashable, Sendable, CustomStringConvertible {
    public let description: String
    /// Takes an id that was made elsewhere.
    public init(_ text: String) { description = text }
    /// Makes a new id from a wall-clock time in milliseconds and randomness.
    public init(unixMS: UInt64, using random: inout some RandomNumberGenerator) {
        description = "rec_" + uuidV7(unixMS: unixMS, using: &random)
    }
}

/// RFC 9562 §5.7: 48 bits of Unix milliseconds, version 7, variant 10, the rest random; as 32 lower-case hexadecimal digits.
public func uuidV7(unixMS: UInt64, using random: inout some RandomNumberGenerator) -> String {
    let high = (unixMS & 0xFFFF_FFFF_FFFF) << 16 | 0x7000 | UInt64.random(in: 0...0xFFF, using: &random)
    let low = 0x8000_0000_0000_0000 | UInt64.random(in: 0...0x3FFF_FFFF_FFFF_FFFF, using: &random)
    return hexadecimal(high) + hexadecimal(low)
}

/// `value` as 16 lower-case hexadecimal digits.
public func hexadecimal(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
}
