import SpeechModel

/// Addresses as libzmq wants them.
enum ZeroMQAddress {
    /// `tcp://host:port`; nil when it cannot be one. `host` is a name, a network interface, or an IP address without brackets.
    static func tcp(host: String, port: Int) -> String? {
        let host = host == "localhost" ? "127.0.0.1" : host
        let isPlain = host.utf8.allSatisfy {
            switch $0 {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: [".", ":", "-", "_", "%"].contains(Unicode.Scalar($0))
            }
        }
        guard !host.isEmpty, isPlain, (0...65535).contains(port) else { return nil }
        return "tcp://\(host.contains(":") ? "[\(host)]" : host):\(port)"
    }

    /// Reads `host:port` or `tcp://host:port`, an IPv6 address in brackets.
    ///
    /// - Throws: ``SpeechError`` with `invalid-configuration`.
    static func tcp(_ text: String) throws(SpeechError) -> String {
        let rest = text.hasPrefix("tcp://") ? text.dropFirst(6) : text[...]
        if let colon = rest.lastIndex(of: ":"), let port = Int(rest[rest.index(after: colon)...]) {
            let host = rest[..<colon]
            let isBracketed = host.hasPrefix("[") && host.hasSuffix("]") && host.count > 2
            if isBracketed || !host.contains(":"),
                let address = tcp(host: String(isBracketed ? host.dropFirst().dropLast() : host), port: port)
            {
                return address
            }
        }
        throw SpeechError(
            .invalidConfiguration, "“\(text.printable)” is no address of this form: tcp://HOST:PORT.",
            advice: "Give for instance tcp://10.0.0.2:7554, or tcp://[fd00::2]:7554.")
    }
}
