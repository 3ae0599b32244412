import Foundation
import SpeechModel
import Testing
import WireProtocol

@Suite("Messages of the live stream")
struct StreamMessageTests {
    // MARK: - From the client

    @Test func aStartSaysWhatTheAudioIs() throws {
        let json = #"{"type":"start","sample_rate":16000,"channels":1,"encoding":"pcm_s16le","language":"en"}"#
        let expected = StreamStart(sampleRate: 16_000, channels: 1, encoding: "pcm_s16le", language: "en")
        guard case .start(let start) = try ClientStreamMessage(json: json) else { return #expect(Bool(false)) }
        #expect(start == expected)
        #expect(ClientStreamMessage.start(expected).json == json)
    }

    @Test func whatAStartLeavesOutIsLeftToTheServerAndUnknownFieldsAreIgnored() throws {
        let json = #"{"future":{"a":[1,2,{"b":null}]},"type":"start","language":null}"#
        guard case .start(let start) = try ClientStreamMessage(json: json) else { return #expect(Bool(false)) }
        #expect(start == StreamStart())
        #expect(ClientStreamMessage.start(StreamStart()).json == #"{"type":"start"}"#)
    }

    @Test func aStartSaysWhetherTheWakeWordIsNeeded() throws {
        for (json, expected) in [("true", true), ("false", false), ("null", nil)] as [(String, Bool?)] {
            guard case .start(let start) = try ClientStreamMessage(json: #"{"type":"start","wake_word":\#(json)}"#) else {
                return #expect(Bool(false))
            }
            #expect(start.wakeWord == expected)
        }
        #expect(ClientStreamMessage.start(StreamStart(wakeWord: true)).json == #"{"type":"start","wake_word":true}"#)
        #expect(throws: SpeechError.self) { try ClientStreamMessage(json: #"{"type":"start","wake_word":"yes"}"#) }
    }

    @Test func aStartWithASessionResumesIt() throws {
        let json = #"{"type":"start","session_id":"ses_1","resume_token":"secret","last_sequence":3}"#
        guard case .resume(let resume) = try ClientStreamMessage(json: json) else { return #expect(Bool(false)) }
        #expect(resume.sessionID == SessionID("ses_1"))
        #expect(resume.token.exposed == "secret")
        #expect(resume.lastSequence == 3)
        #expect(ClientStreamMessage.resume(resume).json == json)
        guard case .resume(let first) = try ClientStreamMessage(json: #"{"type":"start","session_id":"s","resume_token":"t"}"#)
        else { return #expect(Bool(false)) }
        #expect(first.lastSequence == 0)
    }

    @Test func framesAndTheEnd() throws {
        guard case .frame(let bytes) = try ClientStreamMessage(json: #"{"type":"frame","base64":"AAH/"}"#) else {
            return #expect(Bool(false))
        }
        #expect(bytes == [0, 1, 255])
        #expect(ClientStreamMessage.frame([0, 1, 255]).json == #"{"type":"frame","base64":"AAH/"}"#)
        guard case .end = try ClientStreamMessage(json: ClientStreamMessage.end.json) else { return #expect(Bool(false)) }
    }

    @Test(arguments: [
        ("", "not valid JSON"), ("{", "not valid JSON"), ("nonsense", "not valid JSON"), ("\u{0}", "not valid JSON"),
        ("[]", "not a JSON object"), ("1", "not a JSON object"), ("null", "not a JSON object"), ("{}", "lacks the field `type`"),
        (#"{"type":7}"#, "`type` has the wrong type"), (#"{"type":"shout"}"#, "`type` is unknown"),
        (#"{"type":"start","sample_rate":"16000"}"#, "`sample_rate` has the wrong type"),
        (#"{"type":"start","sample_rate":1e99}"#, "`sample_rate`"), (#"{"type":"start","sample_rate":16000.5}"#, "`sample_rate`"),
        (#"{"type":"start","session_id":"s"}"#, "lacks the field `resume_token`"),
        (#"{"type":"frame"}"#, "lacks the field `base64`"), (#"{"type":"frame","base64":"*"}"#, "not base64"),
        (#"{"a":"# + String(repeating: "[", count: 100_000), "nested deeper"),
        (#"{"type":"end","a":[[[[[[[[1]]]]]]]]}"#, "nested deeper"),
    ])
    func whatIsWrongIsSaid(_ json: String, _ expected: String) {
        let error = #expect(throws: SpeechError.self) { try ClientStreamMessage(json: json) }
        #expect(error?.code == .malformedMessage)
        #expect(error?.message.contains(expected) == true, "\(error?.message ?? "")")
    }

    @Test func bracketsInsideStringsAreNoNesting() throws {
        guard case .end = try ClientStreamMessage(json: #"{"type":"end","a":"[[[[[[[[[[\"[[[[[[\\"}"#) else {
            return #expect(Bool(false))
        }
    }

    // MARK: - From the server

    private let words = [
        Word("go", startMS: 420, endMS: 610, confidence: 0.97), Word("\"forward\"", startMS: 610, endMS: 900, confidence: 0.5),
    ]

    @Test func aFinalHasEveryFieldOfTheContract() throws {
        let result = FinalResult(
            sequence: 17, hypothesis: Hypothesis(words: words, alternatives: ["go for word"]), startMS: 400, endMS: 910,
            latency: FinalLatency(endpointWaitMS: 300, ingestMS: 0.1234, recogniserMS: 30.9))
        let message = ServerStreamMessage.final(StreamFinal(audioID: "rec_1", result))
        let text = #""go \"forward\"""#
        #expect(
            message.json == """
                {"type":"final","audio_id":"rec_1","sequence":17,"start_ms":400,"end_ms":910,"text":\(text),"confidence":0.686,\
                "segments":[{"index":16,"start_ms":400,"end_ms":910,"text":\(text),"confidence":0.686}],\
                "words":[{"word":"go","start_ms":420,"end_ms":610,"confidence":0.97},\
                {"word":"\\"forward\\"","start_ms":610,"end_ms":900,"confidence":0.5}],\
                "alternatives":[{"text":"go for word"}],\
                "latency":{"endpoint_wait_ms":300,"ingest_ms":0.123,"recogniser_ms":30.9}}
                """)
        guard case .final(let read) = try ServerStreamMessage(json: message.json) else { return #expect(Bool(false)) }
        #expect(read.audioID == "rec_1")
        #expect(read.result.sequence == 17)
        #expect(read.result.hypothesis == result.hypothesis)
        #expect(read.result.startMS == 400 && read.result.endMS == 910)
        #expect(read.result.latency == FinalLatency(endpointWaitMS: 300, ingestMS: 0.123, recogniserMS: 30.9))
    }

    @Test func aPartialHasEveryFieldOfTheContract() throws {
        let result = PartialResult(
            stable: words, unstable: [Word("ten", startMS: 900, endMS: 950, confidence: 0.1)], startMS: 400, endMS: 960)
        let partial = StreamPartial(audioID: "rec_1", index: 2, result)
        let text = #""go \"forward\"""#
        #expect(
            ServerStreamMessage.partial(partial).json == """
                {"type":"partial","audio_id":"rec_1","start_ms":400,"end_ms":960,"text":\(text),"unstable_text":"ten",\
                "segments":[{"index":2,"start_ms":400,"end_ms":960,"text":\(text),"confidence":0.686}],\
                "words":[{"word":"go","start_ms":420,"end_ms":610,"confidence":0.97},\
                {"word":"\\"forward\\"","start_ms":610,"end_ms":900,"confidence":0.5}]}
                """)
        guard case .partial(let read) = try ServerStreamMessage(json: ServerStreamMessage.partial(partial).json) else {
            return #expect(Bool(false))
        }
        #expect(read == partial)
        #expect(read.text == "go \"forward\"")
    }

    @Test func theOtherMessagesAreReadBackAsTheyWere() throws {
        let ack = StreamAck(audioID: "rec_1", sessionID: SessionID("ses_1"), resumeToken: Sensitive("secret"))
        let all: [(ServerStreamMessage, String)] = [
            (.ack(ack), #"{"type":"ack","audio_id":"rec_1","session_id":"ses_1","resume_token":"secret"}"#),
            (.resumed(nextSample: 160, lastSequence: 4), #"{"type":"resumed","next_sample":160,"last_sequence":4}"#),
            (.finalised(throughSample: 99), #"{"type":"finalised","through_sample":99}"#),
            (.ended(lastSequence: 0), #"{"type":"ended","last_sequence":0}"#),
            (
                .error(SpeechError(.resumeGap, "Samples are missing.", advice: "Send them.")),
                #"{"type":"error","code":"resume-gap","message":"Samples are missing. Send them."}"#
            ),
        ]
        for (message, json) in all {
            #expect(message.json == json)
            #expect(try ServerStreamMessage(json: json).json == json)
        }
        #expect("\(ack)".contains("secret") == false)
    }

    @Test func aMessageOfAnotherVersionIsAnError() {
        let missing = #expect(throws: SpeechError.self) { try ServerStreamMessage(json: #"{"type":"ended"}"#) }
        #expect(missing?.message == "The message lacks the field `last_sequence`.")
        let error = #expect(throws: SpeechError.self) { try ServerStreamMessage(json: #"{"type":"novelty"}"#) }
        #expect(error?.code == .malformedMessage)
        let lacking = #expect(throws: SpeechError.self) {
            try ServerStreamMessage(json: #"{"type":"final","words":[{"word":"a"}]}"#)
        }
        #expect(lacking?.message.contains("lacks the field") == true)
    }
}
