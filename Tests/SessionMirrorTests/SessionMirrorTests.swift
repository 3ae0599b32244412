import SessionMirror
import SpeechModel
import Testing

@Suite struct SessionMirrorTests {
    private static func description(_ id: String) -> SessionDescription {
        SessionDescription(
            session: SessionID(id), audio: AudioID("rec_1"), token: Sensitive("t"), tenant: .local, name: "stream",
            language: "en", sampleRate: 8000, channels: 1, encoding: "pcm_s16le")
    }

    private static func final(_ session: String, _ sequence: Int, endMS: Int = 0) -> SessionRecord {
        let result = FinalResult(
            sequence: sequence, hypothesis: Hypothesis(words: [Word("w\(sequence)", startMS: 0, endMS: 1, confidence: 0.5)]),
            startMS: 0, endMS: endMS, latency: FinalLatency())
        return .final(
            session: session,
            MirroredFinal(result: result, topic: "transcript.en", message: "{\"n\":\(sequence)}", language: "en"))
    }

    private func mirror(_ records: [SessionRecord], limits: SessionMirror.Limits = .init()) -> SessionMirror {
        var mirror = SessionMirror(limits: limits)
        for (index, record) in records.enumerated() { mirror.apply(record, at: UInt64(index)) }
        return mirror
    }

    @Test func `a record survives the link`() throws {
        for record in [
            .began(Self.description("a")), Self.final("a", 3, endMS: 1200), .finalised(session: "a", throughSample: 7),
            .wakefulness(session: "a", isAwake: true), .ended(session: "a"),
        ] as [SessionRecord] {
            #expect(try SessionRecord(encoded: record.encoded) == record)
        }
    }

    @Test(arguments: ["", "{}", "[]", "null", "{\"ended\":{}}", "{\"final\":{\"session\":\"a\"}}"])
    func `what is no record is refused`(_ text: String) {
        #expect(throws: SpeechError.self) { try SessionRecord(encoded: Array(text.utf8)) }
    }

    @Test func `a session goes on behind its last final, or behind the silence after it`() throws {
        var mirror = mirror([.began(Self.description("a")), .finalised(session: "a", throughSample: 4000)])
        #expect(mirror.sessions["a"]?.nextSample == 4000)
        mirror.apply(Self.final("a", 1, endMS: 1500), at: 9)
        #expect(mirror.sessions["a"]?.nextSample == 12_000)
        mirror.apply(.finalised(session: "a", throughSample: 20_000), at: 9)
        mirror.apply(.finalised(session: "a", throughSample: 3), at: 9)
        #expect(mirror.sessions["a"]?.nextSample == 20_000)
        #expect(mirror.sessions["a"]?.lastSequence == 1)
    }

    @Test func `a number is taken once, and nothing of an unknown session`() {
        let mirror = mirror([
            .began(Self.description("a")), Self.final("a", 1), Self.final("a", 1), Self.final("b", 1), Self.final("a", 2),
        ])
        #expect(mirror.allFinals.map(\.kept.final.result.sequence) == [1, 2])
        #expect(mirror.sessions.count == 1)
    }

    @Test func `a mirror of its records is the same, in the order over all sessions`() {
        let first = mirror([
            .began(Self.description("a")), .began(Self.description("b")), Self.final("b", 1), Self.final("a", 1),
            Self.final("b", 2), .finalised(session: "b", throughSample: 90), .wakefulness(session: "b", isAwake: true),
            .wakefulness(session: "a", isAwake: true), .wakefulness(session: "a", isAwake: false), .ended(session: "a"),
        ])
        let second = mirror(first.records)
        let order = second.allFinals.map { "\($0.session.description.session)\($0.kept.final.result.sequence)" }
        #expect(order == ["b1", "a1", "b2"])
        #expect(second.sessions["b"]?.nextSample == 90)
        #expect(second.sessions["b"]?.endedAt == nil)
        #expect(second.sessions["b"]?.isAwake == true && second.sessions["a"]?.isAwake == false)
        #expect(second.sessions["a"]?.endedAt != nil)
    }

    @Test func `what is kept is bounded`() {
        var limits = SessionMirror.Limits()
        limits.finalsPerSession = 5
        limits.finals = 20
        var records: [SessionRecord] = (0..<6).map { .began(Self.description("s\($0)")) }
        for sequence in 1...9 { records += (0..<6).map { Self.final("s\($0)", sequence) } }
        let mirror = mirror(records, limits: limits)
        #expect(mirror.allFinals.count <= 20)
        #expect(mirror.allFinals.count >= 15)
        #expect(mirror.sessions.values.allSatisfy { $0.finals.last?.final.result.sequence == 9 && $0.lastSequence == 9 })
    }

    @Test func `a session that ended is forgotten when its time is over`() {
        var mirror = mirror([.began(Self.description("a")), .ended(session: "a")])
        mirror.apply(.began(Self.description("b")), at: 600_000_000_002)
        #expect(mirror.sessions.keys.sorted() == ["b"])
    }
}
