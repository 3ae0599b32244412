import Foundation
import MynahClient
import SpeechModel

/// Take-overs: a primary is killed, stopped, or cut off while people speak, and another server goes on.
struct Failover {
    let speech: Speech
    /// Faults in all, of each kind and at each load as many.
    let times: Int
    /// One person, and half of what the machine can decode.
    private let loads: [Int]

    /// Long enough for finals before a fault, in the middle of it, and after it.
    private static let audioSeconds = 20
    /// When faults come, in seconds after the first word.
    private static let faultAfter = 4.0..<9.0
    /// For how long the old primary stays away when the other leads, in seconds.
    private static let awayFor = 0.5..<1.5
    /// A promotion that takes longer is taken for none, in seconds.
    private static let patience = 10.0
    private static let promotionLimitMS = 1000.0

    /// - Parameter streams: half of what the machine can decode. It holds 15 on two cores (`capacity`), so that is 4 a core if nil.
    init(speech: Speech, times: Int, streams: Int?) {
        self.speech = speech
        self.times = times
        loads = [1, streams ?? 4 * ProcessInfo.processInfo.activeProcessorCount]
    }

    /// How many of one kind at one load.
    private var timesEach: Int { max(1, times / (Fault.allCases.count * loads.count)) }

    func run(_ report: inout Report) async throws {
        report.title(
            "Take-overs: each of \(timesEach) × \(Fault.allCases.count) faults at \(loads.map { "\($0)" }.joined(separator: " and ")) streams"
        )
        var takeOvers = try await onThisMachine()
        if let obstacle = NetworkHost.obstacle {
            report.note("\(Fault.cut.description): left out, because \(obstacle)")
        } else {
            takeOvers += try CutNetwork.takeOvers(times: times, streams: loads[1])
        }
        for fault in Fault.allCases {
            for streams in loads {
                let these = takeOvers.filter { $0.fault == fault && $0.streams == streams }
                guard !these.isEmpty else { continue }
                let label = "\(fault.description), \(streams) stream\(streams == 1 ? "" : "s"): fault →"
                report.line(
                    "\(label) the other leads", Quantiles(these.map { $0.promotionMS ?? .infinity }), unit: "ms",
                    maxLimit: Self.promotionLimitMS)
                report.line(
                    "\(label) first message of the new term", Quantiles(these.compactMap(\.firstMessageMS)), unit: "ms",
                    maxLimit: nil)
                report.line(
                    "\(label) client's `resumed`", Quantiles(these.flatMap(\.resumedMS)), unit: "ms", maxLimit: nil)
            }
        }
        func sum(_ count: KeyPath<TakeOver, Int>) -> Double { Double(takeOvers.reduce(0) { $0 + $1[keyPath: count] }) }
        report.line("clients that did not go on", sum(\.lost), unit: "clients", atMost: 0)
        report.line("finals missing at clients", sum(\.missingAtClients), unit: "finals", atMost: 0)
        report.line("finals missing at subscribers of both servers", sum(\.missingAtSubscribers), unit: "finals", atMost: 0)
        report.line("finals with a second number", sum(\.renumbered), unit: "finals", atMost: 0)
        report.line("finals that there should not be", sum(\.surplus), unit: "finals", atMost: 0)
        report.line("numbers with two texts", sum(\.contradictory), unit: "finals", atMost: 0)
        report.line("messages of a stale term accepted", sum(\.staleAccepted), unit: "messages", atMost: 0)
        report.note(
            "\(takeOvers.count) take-overs, \(Int(sum(\.finals))) finals at clients, \(Int(sum(\.repeated))) told again under a new term; "
                + "messages of a stale term sent \(Int(sum(\.staleSent))); finals with another text than undisturbed \(Int(sum(\.otherTexts)))"
        )
    }

    /// Two servers and a lease directory.
    private func onThisMachine() async throws -> [TakeOver] {
        let couple = try await ServerCouple()
        defer { couple.stop() }
        return try await takeOvers(of: couple, by: [.kill, .stop])
    }

    /// At each load one run that nothing disturbs, and then as many faults of each kind as there are to be.
    func takeOvers(of couple: ServerCouple, by faults: [Fault]) async throws -> [TakeOver] {
        var takeOvers: [TakeOver] = []
        var random = Random(seed: 110)
        for streams in loads {
            let tracks = try (0..<streams).map {
                try speech.conversation(seconds: Self.audioSeconds, seed: $0 + 111, synthetic: 0)
            }
            let undisturbed = try await listen(to: tracks, at: couple)
            for fault in faults {
                for _ in 0..<timesEach {
                    takeOvers.append(
                        try await takeOver(of: couple, by: fault, tracks: tracks, undisturbed: undisturbed, random: &random))
                }
            }
        }
        return takeOvers
    }

    /// What clients hear when nothing happens, and nothing is too much for the machine.
    private func listen(to tracks: [[Int16]], at couple: ServerCouple) async throws -> [SpeakingClient.Heard] {
        var disturbances: [String] = []
        for _ in 0..<3 {
            let first = try await couple.waitUntilInSync()
            let heard = await speak(tracks, to: try couple.streams(first: first), token: couple.token, from: now() + 0.5)
            disturbances = heard.flatMap { $0.problems + [$0.failure].compactMap(\.self) + $0.resumedAt.map { _ in "resumed" } }
            if disturbances.isEmpty { return heard }
            say("disturbed, though nothing happened: \(disturbances.joined(separator: ", "))")
        }
        throw SpeechError(
            .overloaded,
            "The machine is too busy for \(tracks.count) streams without any fault: \(disturbances.joined(separator: ", ")).",
            advice: "End other programs, or use fewer `--streams`.")
    }

    private func takeOver(
        of couple: ServerCouple, by fault: Fault, tracks: [[Int16]], undisturbed: [SpeakingClient.Heard], random: inout Random
    ) async throws -> TakeOver {
        let urls = try couple.streams(first: try await couple.waitUntilInSync())
        let token = couple.token
        let subscriber = try SubscriberProcess(couple.publishers)
        // ZeroMQ begins when the subscription arrives.
        try await Task.sleep(for: .seconds(1))
        let begin = now() + 0.2
        async let speaking = speak(tracks, to: urls, token: token, from: begin)

        try await Task.sleep(for: .seconds(Double.random(in: Self.faultAfter, using: &random)))
        // A standby that is out of sync rightly does not lead.
        let leader = try await couple.waitUntilInSync()
        let struckAt = now()
        try couple.strike(leader, with: fault)
        var promotion: (at: Double, term: Int)?
        while promotion == nil, now() - struckAt < Self.patience {
            if let status = try? await couple.status(of: 1 - leader), status.isPrimary { promotion = (now(), status.term) }
            try await Task.sleep(for: .milliseconds(10))
        }
        try await Task.sleep(for: .seconds(Double.random(in: Self.awayFor, using: &random)))
        try await couple.heal(leader, of: fault)
        let heard = await speaking
        try await couple.waitUntilInSync()
        // What waited in a socket while the network was cut comes with TCP's next attempt.
        try await Task.sleep(for: .seconds(3))
        let messages = try subscriber.stop()

        var takeOver = TakeOver(fault, streams: tracks.count)
        takeOver.promotionMS = promotion.map { ($0.at - struckAt) * 1000 }
        takeOver.judge(heard, undisturbed: undisturbed, struckAt: struckAt)
        takeOver.judge(
            messages, of: heard, term: promotion?.term ?? .max, struckAt: struckAt, promotedAt: promotion?.at ?? .infinity)
        takeOver.tell()
        if !takeOver.isPerfect { Self.tell(heard, undisturbed: undisturbed, struckAt: struckAt, begin: begin) }
        return takeOver
    }

    /// All speak at once, their first words within a second.
    private func speak(
        _ tracks: [[Int16]], to urls: [ServerURL], token: Sensitive<String>?, from begin: Double
    ) async -> [SpeakingClient.Heard] {
        await withTaskGroup(of: (Int, SpeakingClient.Heard).self) { group in
            for (index, track) in tracks.enumerated() {
                let begin = begin + Double(index) / Double(tracks.count)
                group.addTask { (index, await SpeakingClient.speak(track, to: urls, token: token, from: begin)) }
            }
            var heard = [SpeakingClient.Heard](repeating: SpeakingClient.Heard(), count: tracks.count)
            for await (index, result) in group { heard[index] = result }
            return heard
        }
    }
}

extension TakeOver {
    /// Says at once how it went; the report comes when all are over.
    fileprivate func tell() {
        func text(_ milliseconds: Double?) -> String { milliseconds.map { number($0) + " ms" } ?? "never" }
        let load = (try? String(contentsOfFile: "/proc/loadavg", encoding: .utf8))?.prefix { $0 != " " } ?? ""
        say(
            "\(fault.description), \(streams): led after \(text(promotionMS)), message after \(text(firstMessageMS)), resumed after "
                + "\(text(resumedMS.min())) to \(text(resumedMS.max())); finals \(finals), missing \(missingAtClients) and "
                + "\(missingAtSubscribers), renumbered \(renumbered), surplus \(surplus), contradictory \(contradictory), "
                + "stale \(staleSent) and accepted \(staleAccepted), lost \(lost); machine's load \(load)")
    }
}

extension Failover {
    /// Says what was not as it should have been.
    fileprivate static func tell(
        _ heard: [SpeakingClient.Heard], undisturbed: [SpeakingClient.Heard], struckAt: Double, begin: Double
    ) {
        func places(_ finals: [SpeakingClient.Final]) -> String {
            finals.map { "\($0.sequence): \($0.startMS)–\($0.endMS)" }.joined(separator: ", ")
        }
        let count = Double(heard.count)
        for (index, (heard, undisturbed)) in zip(heard, undisturbed).enumerated()
        where heard.finals.count != undisturbed.finals.count || heard.failure != nil || heard.resumedAt.count != 1
            || !heard.problems.isEmpty
        {
            let begin = begin + Double(index) / count
            let resumed = heard.resumedAt.map { "\(Int(($0 - begin) * 1000))" }.joined(separator: ", ")
            say(
                "  client \(index), struck at \(Int((struckAt - begin) * 1000)) ms, resumed at \(resumed): \(places(heard.finals)) instead of "
                    + "\(places(undisturbed.finals)); \((heard.problems + [heard.failure].compactMap(\.self)).joined(separator: ", "))"
            )
        }
    }
}

private func say(_ line: String) { FileHandle.standardError.write(Data("  \(line)\n".utf8)) }
