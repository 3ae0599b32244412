import SpeechModel
import Testing

@testable import Workers

@Suite struct WorkerMessageTests {
    @Test func `a hypothesis survives the socket, whatever the portions`() throws {
        let hypothesis = Hypothesis(
            words: [
                Word("ten", startMS: 10, endMS: 200, confidence: 0.5), Word("mètres", startMS: 210, endMS: 900, confidence: 1),
            ],
            alternatives: ["tan meters"])
        var writer = MessageWriter()
        writer.write(.partial, utterance: 7) {
            $0.put(UInt32(320))
            $0.put(hypothesis)
        }
        writer.write(.final, utterance: 8) {
            $0.put(hypothesis)
            $0.put("cmn")
        }
        for portion in [1, 3, 1000] {
            var reader = MessageReader()
            var seen: [WorkerMessage.Kind] = []
            var at = 0
            while at < writer.bytes.count {
                let end = min(at + portion, writer.bytes.count)
                writer.bytes[at..<end].withUnsafeBytes { reader.append($0) }
                at = end
                while let (header, payload) = try reader.next() {
                    var payload = PayloadReader(payload)
                    if header.kind == .partial { #expect(payload.integer() == 320) }
                    #expect(payload.hypothesis() == hypothesis)
                    if header.kind == .final { #expect(payload.text() == "cmn") }
                    seen.append(header.kind)
                }
            }
            #expect(seen == [.partial, .final])
        }
    }

    @Test func `phrases survive the socket, and none as well`() {
        for phrases in [nil, KeyPhrases(["hey computer", "café"], sensitivity: 0.25)] {
            var writer = MessageWriter()
            writer.put(phrases)
            var reader = PayloadReader(writer.bytes[...])
            #expect(reader.keyPhrases() == phrases)
            #expect(reader.rest.isEmpty)
            for count in 0..<writer.bytes.count {
                var cut = PayloadReader(writer.bytes[..<count])
                #expect(cut.keyPhrases() == nil)
            }
        }
    }

    @Test func `a payload that ends too soon reads as nothing`() {
        var writer = MessageWriter()
        writer.put(Hypothesis(words: [Word("go", startMS: 0, endMS: 1, confidence: 1)], alternatives: ["no"]))
        for count in 0..<writer.bytes.count {
            var reader = PayloadReader(writer.bytes[..<count])
            #expect(reader.hypothesis() == nil)
        }
    }

    @Test func `a length or kind that cannot be is garbage`() {
        for bytes: [UInt8] in [
            [9, 9, 9, 9, 0, 0, 0, 0, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255],
        ] {
            var reader = MessageReader()
            bytes.withUnsafeBytes { reader.append($0) }
            #expect(throws: MessageReader.Garbage.self) { try reader.next() }
        }
    }
}
