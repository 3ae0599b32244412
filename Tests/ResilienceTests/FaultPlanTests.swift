import Ports
import Resilience
import SpeechModel
import Testing

@Suite("A plan of faults") struct FaultPlanTests {
    @Test("spoils the utterances that it names, and no others")
    func utterances() throws {
        let main = PuppetRecognizer()
        let faulty = FaultyRecognizer(main, plan: try FaultPlan("crash=2-3,hang=*5,slow=7:250"))
        for number in 1...10 {
            _ = faulty.begin(
                RecognitionRequest(key: UtteranceKey(epoch: 0, number: number), adaptation: "mean"), observer: Ear())
        }
        let read = main.utterances.map { DecoderFault.read($0.request.adaptation) }
        #expect(read.map(\.fault) == [nil, .crash, .crash, nil, .hang, nil, .slow(ms: 250), nil, nil, .hang])
        #expect(read.allSatisfy { $0.adaptation == "mean" })
    }

    @Test(
        "leaves an utterance of which nothing was learnt without anything", arguments: [DecoderFault.crash, .hang, .slow(ms: 1)])
    func nothingLearnt(_ fault: DecoderFault) {
        let (found, adaptation) = DecoderFault.read(fault.marking(nil))
        #expect(found == fault && adaptation == nil)
        #expect(DecoderFault.read(nil).fault == nil && DecoderFault.read("41.0,2").adaptation == "41.0,2")
    }

    @Test("stalls stages at the times that it names")
    func stalls() throws {
        let plan = try FaultPlan("stall=preprocess:2:4000,stall=language:*:10,model=/tmp/gone")
        #expect((1...3).map { plan.stall(.preprocess, $0) } == [nil, 4000, nil])
        #expect((1...3).map { plan.stall(.language, $0) } == [10, 10, 10])
        #expect(plan.stall(.stt, 1) == nil && plan.modelIsGoneWhile == "/tmp/gone")
    }

    @Test("is nothing where nothing is asked for")
    func nothing() throws {
        #expect(try FaultPlan.from([:]) == nil)
        #expect(try FaultPlan.from([FaultPlan.variable: ""]) == nil)
        #expect(try FaultPlan.from([FaultPlan.variable: "crash=1"]) == FaultPlan("crash=1"))
    }

    @Test(
        "is refused with the part that makes no sense",
        arguments: [
            "crash", "crash=", "crash=0", "crash=5-2", "crash=1-2-3", "crash=*0", "crash=x", "crash=1:2", "crash=1,", "dance=1",
            "slow=1", "slow=1:", "slow=1:0", "stall=1:5", "stall=capture:1:5", "stall=preprocess:1", "model=relative",
            "crash=1,crash=2", "stall=stt:1:5,stall=stt:2:5",
        ])
    func malformed(_ text: String) {
        let error = #expect(throws: SpeechError.self) { try FaultPlan(text) }
        #expect(error?.code == .invalidConfiguration && error?.message.contains("MYNAH_FAULTS") == true)
    }
}
