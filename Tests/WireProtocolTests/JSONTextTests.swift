import Foundation
import Testing
import WireProtocol

@Suite("Writing JSON")
struct JSONTextTests {
    private func written(_ fields: (inout JSONText) -> Void) -> String {
        var json = JSONText()
        json.object(fields)
        return json.text
    }

    @Test func structureAndOrderAreAsTold() {
        let text = written {
            $0.field("b", 1)
            $0.field("a", "x")
            $0.object("o") { _ in }
            $0.array("l", [1, 2]) { json, number in json.object { $0.field("n", number) } }
            $0.array("e", [Int]()) { _, _ in }
            $0.field("t", true)
            $0.field("f", false)
            $0.field("none", String?.none)
            $0.field("none", Int?.none)
            $0.field("some", Int?.some(3))
            $0.field("text", String?.some("y"))
        }
        #expect(text == #"{"b":1,"a":"x","o":{},"l":[{"n":1},{"n":2}],"e":[],"t":true,"f":false,"some":3,"text":"y"}"#)
    }

    @Test func everyStringIsReadBackAsItWas() throws {
        let controls = String(String.UnicodeScalarView((0..<0x80).map { Unicode.Scalar($0)! }))
        let samples = ["", "plain", "\"quoted\\\"", "a\nb\rc\td", "ünïcödé 漢字 👩‍🚒", "\u{2028}\u{FEFF}", controls, "end\\"]
        for sample in samples {
            let text = written { $0.field("s", sample) }
            #expect(try JSONDecoder().decode([String: String].self, from: Data(text.utf8)) == ["s": sample])
        }
        #expect(written { $0.field("s", "\u{1F}\u{0}/\u{7F}") } == "{\"s\":\"\\u001f\\u0000/\u{7F}\"}")
    }

    @Test(
        arguments: [
            (0, "0"), (7, "7"), (-1, "-1"), (1234567890, "1234567890"), (.max, "9223372036854775807"),
            (.min, "-9223372036854775808"),
        ] as [(Int, String)])
    func integers(_ value: Int, _ expected: String) { #expect(written { $0.field("n", value) } == "{\"n\":\(expected)}") }

    @Test(
        arguments: [
            (0, "0"), (1, "1"), (0.5, "0.5"), (0.25, "0.25"), (0.9876, "0.988"), (0.0004, "0"), (0.0005, "0.001"), (0.01, "0.01"),
            (0.9999, "1"), (-1.5, "-1.5"), (-0.002, "-0.002"), (-0.0001, "0"), (123456.789, "123456.789"),
            (1e15, "1000000000000000"),
            (1e16, "null"), (.infinity, "null"), (-.infinity, "null"), (.nan, "null"),
        ] as [(Double, String)])
    func numbersHaveThreeDecimals(_ value: Double, _ expected: String) {
        #expect(written { $0.field("n", value) } == "{\"n\":\(expected)}")
    }
}
