import PipelineFeed
import SpeechModel
import Testing

private let a = SessionID("a")
private let b = SessionID("b")

private func item(_ session: SessionID, _ sequence: Int, _ language: String = "en", bytes: Int = 10) -> FeedItem<String> {
    FeedItem(.final(session, sequence: sequence, language: language), "\(session)\(sequence)", bytes: bytes)
}

extension FeedHistory<String>.Replay {
    fileprivate var texts: [String] { items.map(\.message) }
    fileprivate var lacks: [String] { gaps.map { "\($0.session)\($0.missing.lowerBound)-\($0.missing.upperBound)" } }
}

extension FeedHistory<String> {
    fileprivate static func holding(_ items: [FeedItem<String>], _ limits: Limits = Limits()) -> FeedHistory {
        var history = FeedHistory(limits: limits)
        for item in items { history.append(item) }
        return history
    }
}

@Suite("The history of finals") struct FeedHistoryTests {
    @Test("answers with what follows a number, of one session or of all in the order of publication")
    func answers() {
        let history = FeedHistory.holding([item(a, 1), item(b, 1), item(a, 2), item(b, 2, "de"), item(a, 3)])
        #expect(history.messages(after: 0, session: a).texts == ["a1", "a2", "a3"])
        #expect(history.messages(after: 2, session: a).texts == ["a3"])
        #expect(history.messages(after: 1).texts == ["a2", "b2", "a3"])
        #expect(history.messages(after: 0, language: "de").texts == ["b2"])
        #expect(history.messages(after: 0, session: a, language: "de").texts == [])
        #expect(history.messages(after: 1, session: b, language: "de").texts == ["b2"])
        for session in [nil, a] {
            for after in [-7, 3, .max] as [Int] {
                let replay = history.messages(after: after, session: session)
                #expect(replay.gaps.isEmpty && replay.isSessionKnown)
                #expect(replay.texts.isEmpty == (after >= 3))
            }
        }
    }

    @Test("says which numbers are gone, and which is the first that is there")
    func gaps() {
        var history = FeedHistory.holding((1...5).map { item(a, $0) }, .init(messagesPerSession: 2))
        history.append(item(b, 1))
        let replay = history.messages(after: 1, session: a)
        #expect(replay.texts == ["a4", "a5"])
        #expect(replay.lacks == ["a2-3"])
        #expect(replay.gaps[0].firstAvailable == 4)
        #expect(history.messages(after: 3, session: a).gaps.isEmpty)
        let all = history.messages(after: 0)
        #expect(all.texts == ["a4", "a5", "b1"])
        #expect(all.lacks == ["a1-3"])
        #expect(history.messages(after: 2, session: a, language: "de").lacks == ["a3-3"])
        #expect(history.dropped == 3)
    }

    @Test("says so even when nothing is left of a session")
    func nothingLeft() {
        let history = FeedHistory.holding([item(a, 1), item(a, 2), item(b, 1), item(b, 2)], .init(messages: 2))
        let replay = history.messages(after: 1, session: a)
        #expect(replay.texts.isEmpty)
        #expect(replay.lacks == ["a2-2"])
        #expect(replay.gaps[0].firstAvailable == 3)
        #expect(replay.isSessionKnown)
        #expect(history.messages(after: 0).lacks == ["a1-2"])
        #expect(history.sessionCount == 2)
    }

    @Test("tells numbers that were never added as gone")
    func neverThere() {
        let history = FeedHistory.holding([item(a, 3), item(a, 6), item(a, 7)])
        #expect(history.messages(after: 0, session: a).lacks == ["a1-2", "a4-5"])
        #expect(history.messages(after: 0).lacks == ["a1-2", "a4-5"])
        #expect(history.messages(after: 4, session: a).lacks == ["a5-5"])
    }

    @Test("does not know a session that published nothing")
    func unknown() {
        let replay = FeedHistory.holding([item(a, 1)]).messages(after: 0, session: b)
        #expect(!replay.isSessionKnown && replay.items.isEmpty && replay.gaps.isEmpty)
    }

    @Test("keeps finals only, each once")
    func finalsOnly() {
        var history = FeedHistory<String>()
        let items = [
            item(a, 1), item(a, 2), item(a, 2), item(a, 1), FeedItem(.partial(a, language: "en"), "p", bytes: 1),
            FeedItem(.event(nil), "e", bytes: 1),
        ]
        #expect(items.map { history.append($0) } == [true, true, false, false, false, false])
        #expect(history.count == 2)
        #expect(history.bytes == 20)
        #expect(FeedItem(.event(nil), "e", bytes: -4).bytes == 0)
    }

    @Test("is bounded by bytes, of a session and of all")
    func bytes() {
        var history = FeedHistory.holding(
            [item(a, 1), item(b, 1), item(a, 2), item(a, 3)], .init(bytesPerSession: 25, bytes: 40))
        #expect(history.messages(after: 0).texts == ["b1", "a2", "a3"])
        history.append(item(b, 2, bytes: 15))
        #expect(history.messages(after: 0).texts == ["a2", "a3", "b2"])
        #expect(history.bytes == 35)
        history.append(item(b, 3, bytes: 26))
        #expect(history.messages(after: 2, session: b).lacks == ["b3-3"], "It is longer than a session may have.")
        #expect(history.messages(after: 0).texts == ["a2", "a3"])
        history.append(item(b, 4))
        #expect(history.messages(after: 2, session: b).texts == ["b4"])
    }

    @Test("keeps nothing when nothing may be kept", arguments: [0, -1])
    func nothing(_ limit: Int) {
        for limits in [
            FeedHistory<String>.Limits(messagesPerSession: limit), .init(bytesPerSession: limit), .init(messages: limit),
            .init(bytes: limit),
        ] {
            let history = FeedHistory.holding([item(a, 1), item(a, 2)], limits)
            #expect(history.count == 0 && history.bytes == 0)
            #expect(history.messages(after: 0, session: a).lacks == ["a1-2"])
        }
        let one = FeedHistory.holding([item(a, 1), item(b, 1)], .init(sessions: limit))
        #expect(one.messages(after: 0).texts == ["b1"])
    }

    @Test("forgets the session that told nothing for the longest when there are too many")
    func manySessions() {
        var history = FeedHistory<String>(limits: .init(sessions: 3))
        for name in ["a", "b", "c"] { history.append(item(SessionID(name), 1)) }
        history.append(item(a, 2))
        history.append(item(SessionID("d"), 1))
        #expect(history.sessionCount == 3)
        #expect(history.messages(after: 0).texts == ["a1", "c1", "a2", "d1"])
        #expect(!history.messages(after: 0, session: b).isSessionKnown)
        history.append(item(b, 8))
        #expect(history.messages(after: 6, session: b).lacks == ["b7-7"])
    }

    @Test("does not grow with the number of sessions")
    func noGrowth() {
        var history = FeedHistory<String>(limits: .init(messages: 50, sessions: 20))
        for number in 0..<5000 {
            let session = SessionID("s\(number)")
            for sequence in 1...1 + number % 5 { history.append(item(session, sequence)) }
            history.ended(session, at: UInt64(number))
        }
        #expect(history.sessionCount <= 20)
        #expect(history.count <= 50)
        #expect(history.bytes == history.count * 10)
    }

    @Test("forgets sessions some time after their end, and not before")
    func ageing() {
        var history = FeedHistory.holding([item(a, 1), item(b, 1), item(a, 2)], .init(endedNanoseconds: 100))
        history.ended(a, at: 1000)
        history.ended(a, at: 5000)
        history.ended(SessionID("nobody"), at: 0)
        history.forgetEnded(now: 900)
        history.forgetEnded(now: 1099)
        #expect(history.messages(after: 0, session: a).texts == ["a1", "a2"])
        history.append(item(a, 3))
        #expect(history.messages(after: 2, session: a).texts == ["a3"], "A last final may come after the end.")
        history.forgetEnded(now: 1100)
        #expect(!history.messages(after: 0, session: a).isSessionKnown)
        #expect(history.messages(after: 0).texts == ["b1"])
        #expect(history.bytes == 10 && history.count == 1 && history.sessionCount == 1)
        history.forgetEnded(now: .max)
        #expect(history.sessionCount == 1, "It never ended.")
    }

    // MARK: - Against a simple model

    /// The same promises, kept in the simplest way.
    private struct Model {
        struct Row {
            var item: FeedItem<String>
            var session: String
            var sequence: Int
            var language: String
        }
        var limits: FeedHistory<String>.Limits
        var rows: [Row] = []
        /// In the order of their last messages.
        var sessions: [(id: String, last: Int, endedAt: UInt64?)] = []

        mutating func append(_ item: FeedItem<String>) {
            guard case .final(let id, let sequence, let language) = item.kind else { return }
            let name = id.description
            var session = (id: name, last: 0, endedAt: UInt64?.none)
            if let index = sessions.firstIndex(where: { $0.id == name }) {
                guard sequence > sessions[index].last else { return }
                session = sessions.remove(at: index)
            } else if sessions.count == limits.sessions {
                let gone = sessions.removeFirst().id
                rows.removeAll { $0.session == gone }
            }
            session.last = sequence
            sessions.append(session)
            rows.append(Row(item: item, session: name, sequence: sequence, language: language))
            let own = { (rows: [Row]) in rows.filter { $0.session == name } }
            while own(rows).count > limits.messagesPerSession || bytes(own(rows)) > limits.bytesPerSession {
                rows.remove(at: rows.firstIndex { $0.session == name }!)
            }
            while rows.count > limits.messages || bytes(rows) > limits.bytes { rows.removeFirst() }
        }

        func bytes(_ rows: [Row]) -> Int { rows.reduce(0) { $0 + $1.item.bytes } }

        mutating func forgetEnded(now: UInt64) {
            for session in sessions {
                guard let endedAt = session.endedAt, now >= endedAt + limits.endedNanoseconds else { continue }
                sessions.removeAll { $0.id == session.id }
                rows.removeAll { $0.session == session.id }
            }
        }

        func texts(after: Int, session: String?, language: String?) -> [String] {
            rows.filter {
                $0.sequence > after && (session == nil || $0.session == session) && (language == nil || $0.language == language)
            }.map(\.item.message)
        }

        func missing(after: Int, session: String) -> Set<Int> {
            guard let last = sessions.first(where: { $0.id == session })?.last, last > after else { return [] }
            return Set(after + 1...last).subtracting(rows.filter { $0.session == session }.map(\.sequence))
        }
    }

    @Test("does what a simple model does, whatever happens", arguments: 0..<40)
    func random(_ seed: UInt64) {
        var random = SeededRandom(seed)
        let limits = FeedHistory<String>.Limits(
            messagesPerSession: Int.random(in: 1...6, using: &random),
            bytesPerSession: Int.random(in: 10...200, using: &random),
            messages: Int.random(in: 1...20, using: &random), bytes: Int.random(in: 20...400, using: &random),
            sessions: Int.random(in: 1...5, using: &random), endedNanoseconds: 50)
        var history = FeedHistory<String>(limits: limits)
        var model = Model(limits: limits)
        var numbers: [String: Int] = [:]
        let names = ["a", "b", "c", "d", "e", "f", "g"]
        for now in 0..<300 as Range<UInt64> {
            let name = names.randomElement(using: &random)!
            switch Int.random(in: 0..<12, using: &random) {
            case 0:
                history.ended(SessionID(name), at: now)
                if let index = model.sessions.firstIndex(where: { $0.id == name }) {
                    model.sessions[index].endedAt = model.sessions[index].endedAt ?? now
                }
            case 1:
                history.forgetEnded(now: now)
                model.forgetEnded(now: now)
            default:
                // Now and then a number again, or one left out.
                let step = [0, 1, 1, 1, 1, 1, 1, 2].randomElement(using: &random)!
                numbers[name, default: 0] += step
                let item = item(
                    SessionID(name), max(1, numbers[name]!), ["en", "de"].randomElement(using: &random)!,
                    bytes: Int.random(in: 0...60, using: &random))
                history.append(item)
                model.append(item)
            }
            #expect(history.count == model.rows.count)
            #expect(history.bytes == model.bytes(model.rows))
            #expect(history.sessionCount == model.sessions.count)
            let after = Int.random(in: 0...max(1, numbers[name] ?? 0), using: &random)
            let language = [nil, "en", "de"].randomElement(using: &random)!
            let all = history.messages(after: after, language: language)
            #expect(all.texts == model.texts(after: after, session: nil, language: language))
            for name in names {
                let one = history.messages(after: after, session: SessionID(name), language: language)
                #expect(one.texts == model.texts(after: after, session: name, language: language))
                let missing = model.missing(after: after, session: name)
                #expect(one.gaps.flatMap { Array($0.missing) } == missing.sorted())
                #expect(all.gaps.filter { $0.session == SessionID(name) } == one.gaps)
                #expect(one.isSessionKnown == model.sessions.contains { $0.id == name })
            }
        }
    }
}
