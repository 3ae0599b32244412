import PipelineFeed
import SpeechModel
import Testing

private let a = SessionID("a")
private let b = SessionID("b")

private func final(_ session: SessionID, _ sequence: Int, _ language: String = "en", bytes: Int = 10) -> FeedItem<String> {
    FeedItem(.final(session, sequence: sequence, language: language), "\(session)\(sequence)", bytes: bytes)
}

private func partial(_ session: SessionID, _ text: String, _ language: String = "en") -> FeedItem<String> {
    FeedItem(.partial(session, language: language), text, bytes: 10)
}

private func event(_ text: String, _ session: SessionID? = nil) -> FeedItem<String> {
    FeedItem(.event(session), text, bytes: 10)
}

extension SubscriberQueue<String> {
    fileprivate mutating func offer(all items: FeedItem<String>...) -> [Verdict] { items.map { offer($0) } }

    fileprivate mutating func drain() -> [String] {
        var texts: [String] = []
        while let item = next() { texts.append(item.message) }
        return texts
    }

    fileprivate static func withPartials(_ limits: Limits = Limits()) -> SubscriberQueue {
        SubscriberQueue(filter: FeedFilter(wantsPartials: true), limits: limits)
    }
}

@Suite("A subscriber's filter") struct FeedFilterTests {
    @Test("admits finals and events of everybody, unless the subscriber chose")
    func everything() {
        let filter = FeedFilter()
        #expect(filter.admits(final(a, 1)) && filter.admits(event("e", b)) && filter.admits(event("e")))
        #expect(!filter.admits(partial(a, "p")))
        #expect(FeedFilter(wantsPartials: true).admits(partial(a, "p")))
    }

    @Test("admits one session, and what concerns the whole pipeline")
    func session() {
        let filter = FeedFilter(session: a, wantsPartials: true)
        #expect(filter.admits(final(a, 1)) && filter.admits(partial(a, "p")) && filter.admits(event("e", a)))
        #expect(!filter.admits(final(b, 1)) && !filter.admits(partial(b, "p")) && !filter.admits(event("e", b)))
        #expect(filter.admits(event("e")))
    }

    @Test("admits transcripts of one language, and every event")
    func language() {
        let filter = FeedFilter(language: "de", wantsPartials: true)
        #expect(filter.admits(final(a, 1, "de")) && filter.admits(partial(a, "p", "de")) && filter.admits(event("e", a)))
        #expect(!filter.admits(final(a, 1, "en")) && !filter.admits(partial(a, "p", "unknown")))
    }
}

@Suite("A subscriber's queue") struct SubscriberQueueTests {
    @Test("gives everything out in the order in which it came")
    func order() {
        var queue = SubscriberQueue<String>.withPartials()
        let verdicts = queue.offer(
            all: event("e1"), final(a, 1), partial(a, "p1"), event("e2"), partial(b, "p2"), final(b, 1, bytes: 0))
        #expect(verdicts == Array(repeating: .queued, count: 6))
        #expect(queue.count == 5, "b's final made its partial superfluous.")
        #expect(queue.drain() == ["e1", "a1", "p1", "e2", "b1"])
        #expect(queue.isEmpty && queue.next() == nil)
    }

    @Test("takes nothing that the subscriber did not ask for")
    func filtered() {
        var queue = SubscriberQueue<String>(filter: FeedFilter(session: a, language: "en"))
        #expect(
            queue.offer(all: final(b, 1), final(a, 1, "de"), partial(a, "p"), event("e", b))
                == Array(repeating: .notWanted, count: 4))
        #expect(queue.isEmpty)
    }

    @Test("keeps the latest partial of each session, in the place of the first that waited")
    func partials() {
        var queue = SubscriberQueue<String>.withPartials()
        _ = queue.offer(all: partial(a, "a1"), event("e"), partial(b, "b1"), partial(a, "a2"), partial(a, "a3"))
        #expect(queue.count == 3)
        #expect(queue.drain() == ["a3", "e", "b1"])
        _ = queue.offer(all: partial(a, "a4"))
        #expect(queue.drain() == ["a4"])
        #expect(queue.droppedPartials == 0)
    }

    @Test("never gives a partial out after the final that came later, nor takes away the one of the next utterance")
    func superseded() {
        var queue = SubscriberQueue<String>.withPartials()
        _ = queue.offer(all: partial(a, "old"), partial(b, "other"), final(a, 1), partial(a, "new"))
        #expect(queue.drain() == ["other", "a1", "new"])
    }

    @Test("drops the oldest partial when too many sessions have one")
    func manyPartials() {
        var queue = SubscriberQueue<String>.withPartials(.init(partials: 2))
        for number in 1...5 { _ = queue.offer(partial(SessionID("s\(number)"), "p\(number)")) }
        #expect(queue.droppedPartials == 3)
        _ = queue.offer(partial(SessionID("s4"), "p4'"))
        #expect(queue.drain() == ["p4'", "p5"])
        var none = SubscriberQueue<String>.withPartials(.init(partials: 0))
        #expect(none.offer(partial(a, "p")) == .queued)
        #expect(none.isEmpty && none.droppedPartials == 1)
    }

    @Test("drops the oldest event when it is full, and counts it")
    func events() {
        var queue = SubscriberQueue<String>(limits: .init(events: 3))
        for number in 1...5 { #expect(queue.offer(event("e\(number)")) == .queued) }
        _ = queue.offer(final(a, 1))
        #expect(queue.droppedEvents == 2)
        #expect(queue.drain() == ["e3", "e4", "e5", "a1"])
        #expect(!queue.isClosed)
    }

    @Test("never drops a final: the subscriber is disconnected, and knows where to go on")
    func finals() {
        var queue = SubscriberQueue<String>(filter: FeedFilter(wantsPartials: true), limits: .init(finals: 3))
        #expect(queue.offer(all: final(a, 7), final(b, 2), event("e"), partial(a, "p"), final(a, 8)).last == .queued)
        #expect(queue.next()?.message == "a7")
        #expect(queue.offer(final(a, 9)) == .queued)
        #expect(queue.offer(final(b, 3)) == .mustDisconnect)
        #expect(queue.isClosed && queue.isEmpty && queue.next() == nil)
        #expect(queue.resumePoints == [a: 8, b: 2])
        #expect(queue.offer(all: event("e"), final(SessionID("c"), 1)) == [.mustDisconnect, .mustDisconnect])
        #expect(queue.resumePoints.count == 2, "It does not grow any more.")
        #expect(queue.isEmpty)
    }

    @Test("bounds the bytes of finals, but takes a single one of any length")
    func bytes() {
        var queue = SubscriberQueue<String>(limits: .init(finalBytes: 100))
        #expect(queue.offer(final(a, 1, bytes: 500)) == .queued)
        #expect(queue.next() != nil)
        #expect(queue.offer(all: final(a, 2, bytes: 60), final(a, 3, bytes: 40)) == [.queued, .queued])
        #expect(queue.next() != nil)
        #expect(queue.offer(final(a, 4, bytes: 60)) == .queued)
        #expect(queue.offer(final(a, 5, bytes: 1)) == .mustDisconnect)
        #expect(queue.resumePoints == [a: 3])
    }

    @Test("gives what was missed out first, and does not count it")
    func backlog() {
        var queue = SubscriberQueue<String>(limits: .init(finals: 1, finalBytes: 10), backlog: (1...5).map { final(a, $0) })
        #expect(queue.count == 5)
        #expect(queue.offer(all: event("e"), final(a, 6)) == [.queued, .queued])
        #expect(queue.next()?.message == "a1")
        var slow = queue
        #expect(queue.drain() == ["a2", "a3", "a4", "a5", "e", "a6"])
        #expect(slow.offer(final(a, 7)) == .mustDisconnect)
        #expect(slow.resumePoints == [a: 2])
    }

    // MARK: - Whatever happens

    @Test("keeps its promises to slow and quick readers alike", arguments: 0..<40)
    func random(_ seed: UInt64) {
        var random = SeededRandom(seed)
        let limits = SubscriberQueue<String>.Limits(
            partials: Int.random(in: 1...3, using: &random), events: Int.random(in: 1...5, using: &random),
            finals: Int.random(in: 1...8, using: &random), finalBytes: Int.random(in: 50...200, using: &random))
        let filter = FeedFilter(
            session: [nil, nil, a].randomElement(using: &random)!, language: [nil, nil, "en"].randomElement(using: &random)!,
            wantsPartials: Bool.random(using: &random))
        var queue = SubscriberQueue<String>(filter: filter, limits: limits)
        let sessions = [a, b, SessionID("c"), SessionID("d")]
        var numbers: [SessionID: Int] = [:]
        var serial = 0
        var wanted: [FeedItem<String>] = []
        var heard: [FeedItem<String>] = []
        let appetite = Int.random(in: 0...4, using: &random)

        func isFinal(_ item: FeedItem<String>) -> Bool { if case .final = item.kind { true } else { false } }
        func isEvent(_ item: FeedItem<String>) -> Bool { if case .event = item.kind { true } else { false } }

        for _ in 0..<400 {
            serial += 1
            let session = sessions.randomElement(using: &random)!
            let language = ["en", "de"].randomElement(using: &random)!
            let item: FeedItem<String>
            switch Int.random(in: 0..<6, using: &random) {
            case 0:
                numbers[session, default: 0] += 1
                item = final(session, numbers[session]!, language, bytes: Int.random(in: 0...40, using: &random))
            case 1, 2: item = event("\(serial)", Bool.random(using: &random) ? session : nil)
            default: item = partial(session, "\(serial)", language)
            }
            let wasClosed = queue.isClosed
            switch queue.offer(item) {
            case .queued:
                #expect(filter.admits(item) && !wasClosed)
                wanted.append(item)
            case .notWanted: #expect(!filter.admits(item) && !wasClosed)
            case .mustDisconnect:
                #expect(queue.isClosed && queue.isEmpty)
                #expect(wasClosed || isFinal(item), "Only a final closes the queue.")
            }
            #expect(queue.count <= limits.partials + limits.events + limits.finals)
            for _ in 0..<Int.random(in: 0...appetite, using: &random) {
                if let item = queue.next() { heard.append(item) }
            }
            if queue.isClosed { break }
        }
        if queue.isClosed {
            // What was heard and what the resume points ask for are all finals that were wanted, without one between.
            for (session, point) in queue.resumePoints {
                let last = heard.compactMap { item -> Int? in
                    if case .final(session, let sequence, _) = item.kind { sequence } else { nil }
                }.last
                #expect(last ?? 0 < point)
                #expect(
                    !wanted.contains { item in
                        if case .final(session, let sequence, _) = item.kind {
                            sequence > last ?? 0 && sequence < point
                        } else {
                            false
                        }
                    })
            }
            #expect(!queue.resumePoints.isEmpty)
        } else {
            while let item = queue.next() { heard.append(item) }
            #expect(heard.filter(isFinal).map(\.message) == wanted.filter(isFinal).map(\.message), "No final is lost.")
            #expect(heard.count(where: isEvent) + queue.droppedEvents == wanted.count(where: isEvent))
            if queue.droppedPartials == 0 {
                for session in sessions {
                    let own = { (items: [FeedItem<String>]) in
                        items.last {
                            if case .partial(session, _) = $0.kind {
                                true
                            } else if case .final(session, _, _) = $0.kind {
                                true
                            } else {
                                false
                            }
                        }
                    }
                    #expect(own(heard)?.message == own(wanted)?.message, "The last word of a session is heard.")
                }
            }
        }
        // Events and finals keep their order among themselves; each session's partials rise.
        let order = Dictionary(wanted.enumerated().map { ($1.message, $0) }) { first, _ in first }
        let kept = heard.filter { isFinal($0) || isEvent($0) }.map { order[$0.message]! }
        #expect(kept == kept.sorted())
        for session in sessions {
            let own = heard.compactMap { item -> Int? in
                switch item.kind {
                case .partial(session, _), .final(session, _, _): order[item.message]
                default: nil
                }
            }
            #expect(own == own.sorted())
        }
    }
}
