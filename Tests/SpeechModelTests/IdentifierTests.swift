import SpeechModel
import Testing

@Suite("Identifiers") struct IdentifierTests {
    /// Gives the same bits every time.
    private struct Fixed: RandomNumberGenerator {
        var bits: UInt64
        mutating func next() -> UInt64 { bits }
    }

    @Test("are a prefix and 32 lower-case hexadecimal digits")
    func form() {
        var random = SystemRandomNumberGenerator()
        for (id, prefix) in [
            (SessionID(unixMS: 1_795_222_800_123, using: &random).description, "ses_"),
            (AudioID(unixMS: 1_795_222_800_123, using: &random).description, "rec_"),
        ] {
            #expect(id.hasPrefix(prefix))
            let digits = id.dropFirst(prefix.count)
            #expect(digits.count == 32)
            #expect(digits.allSatisfy { "0123456789abcdef".contains($0) })
        }
    }

    @Test("carry the time, version 7 and the variant of RFC 9562, whatever the randomness", arguments: [0, UInt64.max])
    func version(_ bits: UInt64) {
        var random = Fixed(bits: bits)
        let id = Array(uuidV7(unixMS: 0x017F_22E2_79B0, using: &random))
        #expect(String(id[..<12]) == "017f22e279b0")
        #expect(id[12] == "7")
        #expect("89ab".contains(id[16]))
    }

    @Test("keep only 48 bits of the time, so that a broken clock cannot break the version")
    func overlongTime() {
        var random = Fixed(bits: 0)
        #expect(uuidV7(unixMS: .max, using: &random).hasPrefix("ffffffffffff7"))
    }

    @Test("sort by the time of their creation")
    func sortable() {
        var random = SystemRandomNumberGenerator()
        let ids = [0, 1, 15, 16, 255, 1 << 20, 1_795_222_800_123, 1_795_222_800_124].map {
            SessionID(unixMS: $0, using: &random).description
        }
        #expect(ids == ids.sorted())
    }

    @Test("of one moment differ by their randomness")
    func distinct() {
        var random = SystemRandomNumberGenerator()
        #expect(Set((0..<1000).map { _ in SessionID(unixMS: 5, using: &random) }).count == 1000)
    }

    @Test("of clients and tenants are taken as they come")
    func given() {
        #expect(SessionID("anything").description == "anything")
        #expect(TenantID("acme").description == "acme")
        #expect(TenantID.local == TenantID("local"))
    }

    @Test(
        "are padded to the full width",
        arguments: [(0, "0000000000000000"), (0xAB, "00000000000000ab"), (.max, "ffffffffffffffff")])
    func padded(_ value: UInt64, _ expected: String) { #expect(hexadecimal(value) == expected) }
}
