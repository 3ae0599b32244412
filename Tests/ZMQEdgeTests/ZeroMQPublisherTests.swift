import Lanes
import SpeechModel
import Testing
import ZMQEdge

@Suite("A ZeroMQ publisher", .serialized) struct ZeroMQPublisherTests {
    // MARK: - Delivery

    @Test("sends two parts, a topic and a body, to whoever subscribed to the topic")
    func delivery() async throws {
        let publisher = try ZeroMQPublisher.running()
        let subscriber = Subscriber(publisher.endpoint, topics: ["transcript."])
        #expect(await publisher.hasSubscriber(to: "transcript.en"))
        publisher.publish("event.speech_started", "not for everybody")
        publisher.publish("transcript.en", #"{"transcript":"ünïcödé"}"#)
        publisher.publish("transcript.de", "")
        #expect(subscriber.receive() == ["transcript.en", #"{"transcript":"ünïcödé"}"#])
        #expect(subscriber.receive() == ["transcript.de", ""])
        await publisher.stop()
        let counters = publisher.counters
        #expect(counters.published == 3 && counters.dropped == 0 && counters.queued == 0)
        #expect(counters.bytes == 20 + 17 + 13 + 28 + 13)
        #expect(counters.subscribersJoined == 1 && counters.connectionsRefused == 0)
    }

    @Test("keeps the order of each of four publishing threads in 10,000 messages, and loses none")
    func order() async throws {
        let publisher = try ZeroMQPublisher.running(highWaterMark: 10_000)
        let subscriber = Subscriber(publisher.endpoint)
        #expect(await publisher.hasSubscriber(within: .seconds(10)))
        let done = BlockingQueue<Int>()
        for thread in 0..<4 {
            spawnThread(name: "publisher-\(thread)") {
                for number in 0..<2500 { publisher.publish("event.\(thread)", "\(number)") }
                done.push(thread)
            }
        }
        var received: [String: [String]] = [:]
        for _ in 0..<10_000 {
            guard let message = subscriber.receive() else { break }
            received[message[0], default: []].append(message[1])
        }
        for thread in 0..<4 { #expect(received["event.\(thread)"] == (0..<2500).map(String.init)) }
        #expect((0..<4).map { _ in done.pop() }.sorted() == [0, 1, 2, 3])
        await publisher.stop()
        #expect(publisher.counters.published == 10_000 && publisher.counters.dropped == 0)
    }

    @Test("wakes for a single message each time")
    func waking() async throws {
        let publisher = try ZeroMQPublisher.running()
        let subscriber = Subscriber(publisher.endpoint)
        #expect(await publisher.hasSubscriber(within: .seconds(10)))
        for number in 0..<200 {
            publisher.publish("event.tick", "\(number)")
            try #require(subscriber.receive() == ["event.tick", "\(number)"])
        }
        await publisher.stop()
    }

    // MARK: - Full queues

    @Test("that has not started keeps the newest messages, counts the dropped ones, and sends the rest after the start")
    func full() async throws {
        let publisher = try ZeroMQPublisher(ZeroMQSettings(host: "127.0.0.1", port: 0, highWaterMark: 50))
        for number in 0..<350 { publisher.publish("event.a", "\(number)") }
        #expect(publisher.counters.queued == 100 && publisher.counters.dropped == 250 && publisher.counters.published == 0)
        // Nobody waits for a thread that does not run.
        #expect(await publisher.hasSubscriber(within: .seconds(10)) == false)
        publisher.start()
        publisher.start()
        #expect(await publisher.reaches { $0.published == 100 })
        #expect(publisher.counters.queued == 0 && publisher.counters.dropped == 250)
        await publisher.stop()
    }

    @Test("lets a stalled subscriber lose messages, and gives the others everything")
    func stalled() async throws {
        let publisher = try ZeroMQPublisher.running(highWaterMark: 500, queueCapacity: 1000)
        let stalled = Subscriber(publisher.endpoint, topics: ["", "stalled"], highWaterMark: 1, receiveBuffer: 4096)
        #expect(await publisher.hasSubscriber(to: "stalled"))
        let reader = Subscriber(publisher.endpoint, topics: ["", "reader"])
        #expect(await publisher.reaches { $0.subscribedTopics == 3 })
        // 80 MB, far more than the kernel's buffers and the high-water mark hold; one burst at a time fits the reader's mark.
        let body = String(repeating: "x", count: 20_000)
        var received = 0
        for burst in 0..<40 {
            for number in 0..<100 { publisher.publish("burst.\(burst).\(number)", body) }
            for number in 0..<100 where reader.receive()?.first == "burst.\(burst).\(number)" { received += 1 }
        }
        #expect(received == 4000)
        #expect(await publisher.reaches { $0.published == 4000 && $0.dropped == 0 })
        var late = 0
        while stalled.receive(withinMS: 500) != nil { late += 1 }
        // What was kept for it: its 500 messages, and what fits into the buffers of the two sockets.
        #expect(late >= 500 && late < 1500, "\(late)")
        await publisher.stop()
    }

    // MARK: - CURVE

    @Test("with a key serves subscribers that know its public half, and nobody else")
    func curve() async throws {
        let key = try CurveSecretKey.make()
        let publisher = try ZeroMQPublisher.running(secretKey: key)
        #expect(publisher.publicKey == key.publicKey)
        let without = Subscriber(publisher.endpoint)
        let wrong = Subscriber(publisher.endpoint, serverKey: try CurveSecretKey.make().publicKey)
        #expect(await publisher.reaches { $0.connectionsRefused >= 2 })
        #expect(publisher.counters.subscribersJoined == 0 && publisher.counters.subscribedTopics == 0)
        let right = Subscriber(publisher.endpoint, serverKey: key.publicKey)
        #expect(await publisher.hasSubscriber(within: .seconds(10)))
        for number in 0..<10 { publisher.publish("transcript.en", "\(number)") }
        for number in 0..<10 { try #require(right.receive() == ["transcript.en", "\(number)"]) }
        #expect(without.receive(withinMS: 200) == nil)
        #expect(wrong.receive(withinMS: 200) == nil)
        await publisher.stop()
        #expect(publisher.counters.subscribersJoined == 1 && publisher.counters.subscribersLeft == 0)
    }

    @Test("without a key serves nobody who insists on one")
    func plain() async throws {
        let publisher = try ZeroMQPublisher.running()
        #expect(publisher.publicKey == nil)
        let subscriber = Subscriber(publisher.endpoint, serverKey: try CurveSecretKey.make().publicKey)
        #expect(await publisher.reaches { $0.connectionsRefused >= 1 })
        publisher.publish("event.a", "b")
        #expect(subscriber.receive(withinMS: 200) == nil)
        await publisher.stop()
    }

    // MARK: - Subscribers

    @Test("counts who joins, who leaves, and which topics are wanted")
    func counting() async throws {
        let publisher = try ZeroMQPublisher.running()
        let first = Subscriber(publisher.endpoint, topics: ["event.", "transcript.en"])
        let second = Subscriber(publisher.endpoint, topics: ["event."])
        #expect(await publisher.reaches { $0.subscribersJoined == 2 && $0.subscribedTopics == 2 })
        first.close()
        #expect(await publisher.reaches { $0.subscribersLeft == 1 && $0.subscribedTopics == 1 })
        second.close()
        #expect(await publisher.reaches { $0.subscribersLeft == 2 && $0.subscribedTopics == 0 })
        #expect(publisher.counters.subscribersJoined == 2 && publisher.counters.connectionsRefused == 0)
        await publisher.stop()
    }

    @Test("waits for the first subscriber of a topic, but not longer than asked")
    func waiting() async throws {
        let publisher = try ZeroMQPublisher.running()
        #expect(await publisher.hasSubscriber(within: .zero) == false)
        #expect(await publisher.hasSubscriber(within: .milliseconds(30)) == false)
        let subscriber = Subscriber(publisher.endpoint, topics: ["event."])
        #expect(await publisher.hasSubscriber(to: "event.pipeline_started"))
        #expect(await publisher.hasSubscriber(within: .zero))
        #expect(await publisher.hasSubscriber(to: Array("transcript.en".utf8), within: .milliseconds(30)) == false)
        publisher.publish("event.pipeline_started", "{}")
        #expect(subscriber.receive() == ["event.pipeline_started", "{}"])
        await publisher.stop()
        #expect(await publisher.hasSubscriber(within: .seconds(10)) == false)
    }

    @Test("ends a wait when the task is cancelled or the publisher stops")
    func interrupted() async throws {
        let publisher = try ZeroMQPublisher.running()
        let cancelled = Task { await publisher.hasSubscriber(within: .seconds(600)) }
        cancelled.cancel()
        #expect(await cancelled.value == false)
        let stopped = Task { await publisher.hasSubscriber(within: .seconds(600)) }
        await Task.yield()
        await publisher.stop()
        #expect(await stopped.value == false)
    }

    @Test("ends the connection of a peer whose subscription is too long to be a topic")
    func tooLong() async throws {
        let publisher = try ZeroMQPublisher.running()
        let greedy = Subscriber(publisher.endpoint, topics: [String(repeating: "t", count: 5000)])
        #expect(await publisher.reaches { $0.subscribersLeft >= 1 })
        #expect(publisher.counters.subscribedTopics == 0)
        greedy.close()
        let subscriber = Subscriber(publisher.endpoint)
        #expect(await publisher.hasSubscriber(within: .seconds(10)))
        publisher.publish("event.a", "b")
        #expect(subscriber.receive() == ["event.a", "b"])
        await publisher.stop()
    }

    // MARK: - Beginning and end

    @Test("sends what is queued before it stops, and frees the port")
    func stopping() async throws {
        let publisher = try ZeroMQPublisher(
            ZeroMQSettings(host: "127.0.0.1", port: 0, highWaterMark: 10_000, lingerMS: 30_000))
        publisher.start()
        let subscriber = Subscriber(publisher.endpoint, highWaterMark: 1, receiveBuffer: 4096)
        #expect(await publisher.hasSubscriber(within: .seconds(10)))
        // 12 MB, more than the kernel takes off our hands before somebody reads.
        let filler = String(repeating: "x", count: 20_000)
        for number in 0..<600 { publisher.publish("transcript.en", "\(number)\(filler)") }
        publisher.publish("transcript.en", "end")
        async let stopped: Void = publisher.stop()
        #expect(await publisher.reaches { $0.published == 601 })
        #expect(subscriber.bodies(until: "end") == (0..<600).map { "\($0)\(filler)" })
        await stopped
        await publisher.stop()
        publisher.publish("transcript.en", "too late")
        #expect(publisher.counters.published == 601 && publisher.counters.dropped == 1)
        let next = try ZeroMQPublisher(ZeroMQSettings(host: "127.0.0.1", port: publisher.port, highWaterMark: 1))
        #expect(next.port == publisher.port)
        await next.stop()
    }

    @Test("stops within the linger time although a subscriber does not read")
    func lingering() async throws {
        let publisher = try ZeroMQPublisher(
            ZeroMQSettings(host: "127.0.0.1", port: 0, highWaterMark: 1000, lingerMS: 300))
        publisher.start()
        let stalled = Subscriber(publisher.endpoint, highWaterMark: 1, receiveBuffer: 4096)
        #expect(await publisher.hasSubscriber(within: .seconds(10)))
        let body = String(repeating: "x", count: 20_000)
        for number in 0..<1000 { publisher.publish("event.\(number)", body) }
        let took = await ContinuousClock().measure { await publisher.stop() }
        #expect(took > .milliseconds(200) && took < .seconds(10), "\(took)")
        #expect(stalled.receive()?.first == "event.0")
    }

    @Test("sends what was published before it was stopped without a start")
    func neverStarted() async throws {
        let publisher = try ZeroMQPublisher(.events(host: "localhost", port: 0))
        publisher.publish("event.a", "b")
        await publisher.stop()
        #expect(publisher.counters.published == 1 && publisher.counters.queued == 0)
    }

    @Test("that nobody holds any more frees its port by itself")
    func forgotten() async throws {
        var publisher: ZeroMQPublisher? = try ZeroMQPublisher.running()
        let port = try #require(publisher?.port)
        publisher = nil
        var isFree = false
        for _ in 0..<1000 where !isFree {
            isFree = (try? ZeroMQPublisher(.events(host: "127.0.0.1", port: port))) != nil
            if !isFree { try await Task.sleep(for: .milliseconds(10)) }
        }
        #expect(isFree)
    }

    @Test("says which port is taken, and what to do")
    func conflict() async throws {
        let first = try ZeroMQPublisher(.transcripts(host: "127.0.0.1", port: 0))
        #expect(first.endpoint == "tcp://127.0.0.1:\(first.port)" && first.port > 0)
        let error = #expect(throws: SpeechError.self) { try ZeroMQPublisher(.events(host: "127.0.0.1", port: first.port)) }
        #expect(error?.code == .portInUse)
        #expect(error?.message.contains("tcp://127.0.0.1:\(first.port)") == true)
        #expect(error?.advice.contains("ss -ltnp") == true)
        await first.stop()
    }

    @Test(
        "is not made for an address that this machine has not, or that is none",
        arguments: [
            ("192.0.2.1", 0), ("", 0), ("127.0.0.1;tcp://0.0.0.0", 0), ("127.0.0.1", 70_000), ("127.0.0.1", -1),
            ("no-such-host", 0),
        ])
    func address(_ host: String, _ port: Int) {
        let error = #expect(throws: SpeechError.self) { try ZeroMQPublisher(.events(host: host, port: port)) }
        #expect(error?.code == .invalidConfiguration)
    }

    @Test("listens on IPv6 as well")
    func version6() async throws {
        let publisher = try ZeroMQPublisher(.events(host: "::1", port: 0))
        #expect(publisher.endpoint == "tcp://[::1]:\(publisher.port)" && publisher.port > 0)
        await publisher.stop()
    }

    @Test("has the marks of the contract unless told otherwise")
    func settings() {
        let events = ZeroMQSettings.events(host: "127.0.0.1", port: 6552)
        let transcripts = ZeroMQSettings.transcripts(host: "127.0.0.1", port: 6553)
        #expect((events.highWaterMark, events.queueCapacity, events.lingerMS) == (1000, 2000, 1000))
        #expect((transcripts.highWaterMark, transcripts.queueCapacity, transcripts.lingerMS) == (10_000, 20_000, 1000))
    }
}
