import OpenAIEngine
import Ports
import SpeechModel
import Synchronization
import Telemetry
import Testing

@Suite("A remote recogniser", .timeLimit(.minutes(1))) struct RecognizerTests {
    private static let words = """
        {"task":"transcribe","language":"english","duration":1.0,"text":"Go forward.",
         "words":[{"word":"Go","start":0.1,"end":0.3},{"word":"forward","start":0.3,"end":0.9}]}
        """

    @Test(
        "uploads an utterance as OpenAI's interface wants it, and gives its words with their times",
        arguments: ["", "/v1", "/v1/"])
    func upload(_ suffix: String) async throws {
        let bench = try await Bench(price: 0.6, suffix: suffix) { _, _ in .reply(200, [:], Self.words) }
        let ear = bench.say(32_000).ear
        #expect(await ear.next() == "final Go forward")
        #expect(
            ear.words == [
                Word("Go", startMS: 100, endMS: 300, confidence: 1), Word("forward", startMS: 300, endMS: 900, confidence: 1),
            ])
        let request = bench.provider.requests[0]
        #expect(request.method == "POST" && request.path == "/v1/audio/transcriptions")
        #expect(request.headers["authorization"] == "Bearer sk-test")
        let type = try #require(request.headers["content-type"])
        #expect(type.hasPrefix("multipart/form-data; boundary="))
        let boundary = String(type.split(separator: "=")[1])
        let text = String(decoding: request.body, as: UTF8.self)
        for (name, value) in [
            ("model", "whisper-1"), ("language", "en"), ("response_format", "verbose_json"),
            ("timestamp_granularities[]", "word"),
        ] {
            #expect(text.contains("--\(boundary)\r\nContent-Disposition: form-data; name=\"\(name)\"\r\n\r\n\(value)\r\n"))
        }
        #expect(text.contains("name=\"file\"; filename=\"utterance.wav\"\r\nContent-Type: audio/wav\r\n\r\nRIFF"))
        #expect(text.hasSuffix("\r\n--\(boundary)--\r\n"))
        let wave = try #require(request.body.indices.first { request.body[$0...].starts(with: Array("RIFF".utf8)) })
        let header = Array(request.body[wave..<wave + 44])
        #expect(Array(header[8..<16]) == Array("WAVEfmt ".utf8) && Array(header[36..<40]) == Array("data".utf8))
        #expect(Array(header[20..<28]) == [1, 0, 1, 0, 0x80, 0x3E, 0, 0] && Array(header[32..<36]) == [2, 0, 16, 0])
        #expect(Array(header[40..<44]) == [0, 0xFA, 0, 0])
        #expect(Array(request.body[wave + 44..<wave + 50]) == [0, 0, 1, 0, 2, 0])
        #expect(bench.count("ok") == 1)
        let exposition = bench.metrics.exposition()
        #expect(exposition.contains("mynah_remote_audio_seconds_total{provider=\"127.0.0.1\"} 2\n"))
        #expect(exposition.contains("mynah_remote_cost_total{provider=\"127.0.0.1\",kind=\"transcription\"} 0.02\n"))
        #expect(exposition.contains("mynah_remote_request_seconds_count{provider=\"127.0.0.1\",kind=\"transcription\"} 1\n"))
        try await bench.end()
    }

    @Test("tells the provider the language of each utterance, where one is named")
    func language() async throws {
        let bench = try await Bench { _, _ in .reply(200, [:], Self.words) }
        for language in ["de", nil] {
            #expect(await bench.say(32_000, language: language).ear.next() == "final Go forward")
        }
        for (request, language) in zip(bench.provider.requests, ["de", "en"]) {
            #expect(String(decoding: request.body, as: UTF8.self).contains("name=\"language\"\r\n\r\n\(language)\r\n"))
        }
        try await bench.end()
    }

    @Test("waits as long as a provider wishes that takes no more requests, and tries again")
    func rateLimit() async throws {
        let bench = try await Bench { _, number in
            number == 0 ? .reply(429, ["retry-after": "2"], "{}") : .reply(200, [:], #"{"text":"yes"}"#)
        }
        #expect(await bench.say().ear.next() == "final yes")
        #expect(bench.pauses.list == [.seconds(2)])
        #expect(bench.count("rate_limited") == 1 && bench.count("ok") == 1)
        try await bench.end()
    }

    @Test("gives up at once when the provider wishes to be asked after the time is over, or has no credit for it")
    func rateLimitBeyond() async throws {
        for (headers, body) in [(["retry-after": "60"], "{}"), ([:], #"{"error":{"code":"insufficient_quota"}}"#)] {
            let bench = try await Bench { _, _ in .reply(429, headers, body) }
            let ear = bench.say().ear
            #expect(await ear.next() == "failed recogniser-failed")
            #expect(bench.provider.requests.count == 1 && bench.pauses.list.isEmpty)
            #expect(ear.error?.message.contains(headers.isEmpty ? "credit" : "no more requests") == true)
            try await bench.end()
        }
    }

    @Test("tries three times when the provider has a fault, with longer pauses")
    func serverError() async throws {
        let bench = try await Bench { _, _ in .reply(500, [:], "<html>") }
        let ear = bench.say().ear
        #expect(await ear.next() == "failed recogniser-failed")
        #expect(bench.provider.requests.count == 3 && bench.count("server_error") == 3)
        #expect(bench.pauses.list == [.milliseconds(125 + 77), .milliseconds(250 + 77)])
        #expect(ear.error?.message == "127.0.0.1 refuses the request (500).")
        try await bench.end()
    }

    @Test("tries again when the connection breaks in the middle of the answer")
    func cut() async throws {
        let bench = try await Bench { _, number in number == 0 ? .cut : .reply(200, [:], #"{"text":"yes"}"#) }
        #expect(await bench.say().ear.next() == "final yes")
        #expect(bench.count("unreachable") == 1 && bench.pauses.list.count == 1)
        try await bench.end()
    }

    @Test("says so when nobody listens at the address")
    func absent() async throws {
        let bench = try await Bench { _, _ in .silence }
        try await bench.provider.stop()
        let ear = bench.say().ear
        #expect(await ear.next() == "failed recogniser-failed")
        #expect(ear.error?.message.contains("cannot be reached") == true && bench.count("unreachable") == 3)
        // It starts all the same: the provider may come back.
        try await bench.recognizer.start()
        #expect(bench.recognizer.load.ready == 4)
        await bench.recognizer.stop()
        #expect(bench.recognizer.load.ready == 0)
    }

    @Test("takes an answer that cannot be read for a failure, once", arguments: ["{", #"{"words":[]}"#, #"{"text":5}"#, "yes"])
    func garbage(_ body: String) async throws {
        let bench = try await Bench { _, _ in .reply(200, [:], body) }
        #expect(await bench.say().ear.next() == "failed recogniser-failed")
        #expect(bench.provider.requests.count == 1 && bench.count("unreadable") == 1)
        try await bench.end()
    }

    @Test("gives up a provider that says nothing, in time, and closes the connection")
    func silence() async throws {
        let bench = try await Bench(timeoutMS: 2000) { _, _ in .silence }
        let ear = bench.say().ear
        #expect(await ear.next() == "failed recogniser-failed")
        #expect(ear.error?.message == "127.0.0.1 did not answer within 2000 ms.")
        #expect(bench.provider.requests.count == 1 && bench.count("timeout") == 1)
        try await until { bench.provider.closed == 1 && bench.recognizer.load.busy == 0 }
        try await bench.end()
    }

    @Test("ends the request of an utterance that is given up, and tells nothing of it")
    func cancel() async throws {
        let bench = try await Bench { _, _ in .silence }
        let (ear, recognition) = bench.say()
        try await until { bench.provider.requests.count == 1 }
        recognition.cancel()
        recognition.finish()
        try await until { bench.provider.closed == 1 && bench.recognizer.load.busy == 0 && bench.count("cancelled") == 1 }
        #expect(ear.words.isEmpty && ear.error == nil)
        try await bench.end()
    }

    @Test("does not try a wrong key again, nor repeats it, and does not start with it")
    func wrongKey() async throws {
        let bench = try await Bench(key: "sk-secret-1") { _, _ in
            .reply(401, [:], #"{"error":{"code":"invalid_api_key","message":"Incorrect API key provided: sk-secret-1"}}"#)
        }
        let ear = bench.say().ear
        #expect(await ear.next() == "failed recogniser-failed")
        #expect(bench.provider.requests.count == 1 && bench.count("refused") == 1)
        let error = try #require(ear.error)
        #expect(error.message == "127.0.0.1 refuses the key (401)." && error.advice.contains("stt.openai.api_key_file"))
        #expect(!"\(error) \(String(reflecting: error))".contains("sk-secret"))
        do {
            try await bench.recognizer.start()
            Issue.record("it started")
        } catch let error as SpeechError {
            #expect(error.code == .invalidConfiguration)
        }
        try await bench.end()
    }

    @Test("asks at its start for the models, and minds no server that has no list of them")
    func start() async throws {
        let bench = try await Bench { request, _ in .reply(request.path == "/v1/models" ? 404 : 200, [:], "{}") }
        try await bench.recognizer.start()
        #expect(bench.provider.requests.map(\.path) == ["/v1/models"] && bench.recognizer.load.ready == 4)
        #expect(bench.recognizer.identity.engine == "openai (127.0.0.1)" && bench.recognizer.identity.model == "whisper-1")
        try await bench.end()
    }

    @Test("asks a model that tells no times without them, and remembers that")
    func timeless() async throws {
        let bench = try await Bench { request, _ in
            String(decoding: request.body, as: UTF8.self).contains("verbose_json")
                ? .reply(400, [:], #"{"error":{"code":"unsupported_value"}}"#) : .reply(200, [:], #"{"text":"one two"}"#)
        }
        for count in [2, 3] {
            let ear = bench.say().ear
            #expect(await ear.next() == "final one two")
            #expect(ear.words.map(\.endMS) == [500, 1000] && bench.provider.requests.count == count)
        }
        try await bench.end()
    }

    @Test("says which model or address is missing")
    func unknownModel() async throws {
        let bench = try await Bench { _, _ in .reply(404, [:], #"{"error":{"code":"model_not_found"}}"#) }
        let ear = bench.say().ear
        #expect(await ear.next() == "failed recogniser-failed")
        #expect(ear.error?.message == "127.0.0.1 has no such address or no model whisper-1 (404, model_not_found).")
        try await bench.end()
    }

    @Test("sends no more at once than it may; of the others some wait, and the rest hear that there is no room")
    func bound() async throws {
        let bench = try await Bench(concurrent: 1, waiting: 1) { _, number in
            number == 0 ? .silence : .reply(200, [:], #"{"text":"yes"}"#)
        }
        let first = bench.say()
        try await until { bench.provider.requests.count == 1 }
        let second = bench.say()
        try await until { bench.recognizer.load.waiting == 1 }
        #expect(await bench.say().ear.next() == "failed overloaded")
        #expect(bench.recognizer.load.busy == 1 && bench.recognizer.load.capacity == 1 && bench.provider.requests.count == 1)
        first.recognition.cancel()
        #expect(await second.ear.next() == "final yes")
        try await bench.end()
    }

    @Test("lets nobody wait for longer than allowed")
    func patience() async throws {
        let bench = try await Bench(concurrent: 1, waitMS: 20) { _, _ in .silence }
        let first = bench.say()
        try await until { bench.provider.requests.count == 1 }
        #expect(await bench.say().ear.next() == "failed overloaded")
        first.recognition.cancel()
        try await bench.end()
    }

    @Test("asks for what was said so far after so much speech, one at a time, and gives that up at the end")
    func partials() async throws {
        let bench = try await Bench(partialsMS: 500) { _, number in
            number == 1 ? .silence : .reply(200, [:], number == 0 ? #"{"text":"go"}"# : #"{"text":"go on"}"#)
        }
        let ear = Ear()
        let recognition = bench.recognizer.begin(RecognitionRequest(key: UtteranceKey(epoch: 0, number: 1)), observer: ear)
        recognition.append([Int16](repeating: 1, count: 7999))
        recognition.append([1])
        #expect(await ear.next() == "partial go 8000")
        recognition.append([Int16](repeating: 1, count: 8000))
        try await until { bench.provider.requests.count == 2 }
        recognition.append([Int16](repeating: 1, count: 8000))
        recognition.finish()
        #expect(await ear.next() == "final go on")
        #expect(bench.provider.requests.count == 3)
        try await bench.end()
    }

    @Test("gives up a partial result when nobody listens for the moment")
    func park() async throws {
        let bench = try await Bench(partialsMS: 500) { _, number in number == 0 ? .silence : .reply(200, [:], #"{"text":"yes"}"#)
        }
        let ear = Ear()
        let recognition = bench.recognizer.begin(RecognitionRequest(key: UtteranceKey(epoch: 0, number: 1)), observer: ear)
        recognition.append([Int16](repeating: 1, count: 8000))
        try await until { bench.provider.requests.count == 1 }
        recognition.park()
        try await until { bench.recognizer.load.busy == 0 }
        recognition.finish()
        #expect(await ear.next() == "final yes")
        try await bench.end()
    }

    @Test("sends nothing where nothing was said, and at least what OpenAI takes")
    func short() async throws {
        let bench = try await Bench { _, _ in .reply(200, [:], #"{"text":"yes"}"#) }
        #expect(await bench.say(0).ear.next() == "final ")
        #expect(bench.provider.requests.isEmpty)
        let ear = bench.say(160).ear
        #expect(await ear.next() == "final yes")
        #expect(ear.words == [Word("yes", startMS: 0, endMS: 10, confidence: 1)])
        #expect(bench.provider.requests[0].body.count > 3244)
        try await bench.end()
    }

    @Test("refuses to listen for phrases")
    func phrases() async throws {
        let bench = try await Bench { _, _ in .silence }
        let ear = Ear()
        let request = RecognitionRequest(
            key: UtteranceKey(epoch: 0, number: 1), keyPhrases: KeyPhrases(["hey computer"], sensitivity: 0.5))
        let recognition = bench.recognizer.begin(request, observer: ear)
        recognition.append([1])
        recognition.finish()
        #expect(await ear.next() == "failed recogniser-failed")
        #expect(ear.error?.message.contains("wake words") == true && bench.provider.requests.isEmpty)
        try await bench.end()
    }

    @Test("fails what is open when it is stopped")
    func stop() async throws {
        let bench = try await Bench { _, _ in .silence }
        let ear = bench.say().ear
        try await until { bench.provider.requests.count == 1 }
        await bench.recognizer.stop()
        #expect(await ear.next() == "failed shutting-down")
        try await bench.provider.stop()
    }
}
