public import Failover
import Lanes
import SpeechModel

/// What every arbiter promises, whatever it is made of. Each check begins with an arbiter that knows nothing.
public enum ArbiterContract {
    /// An arbiter as two nodes see it, and its time.
    public struct Subject {
        var first: any Arbiter
        var second: any Arbiter
        /// Lets nanoseconds pass for the arbiter.
        var pass: (UInt64) -> Void

        /// Describes an arbiter under test.
        public init(first: any Arbiter, second: any Arbiter, pass: @escaping (UInt64) -> Void) {
            self.first = first
            self.second = second
            self.pass = pass
        }
    }

    /// The names of the checks.
    public static var checks: [String] { all.map(\.name) }

    /// What is wrong; nothing when the promise is kept.
    public static func faults(_ check: String, _ make: () throws -> Subject) -> [String] {
        guard let body = all.first(where: { $0.name == check })?.body else { return ["there is no check “\(check)”"] }
        var faults = Faults()
        do { try body(make(), &faults) } catch { faults.all.append("\(check): \(error)") }
        return faults.all
    }

    struct Faults {
        var all: [String] = []
        mutating func expect(_ isTrue: Bool, _ what: String) { if !isTrue { all.append(what) } }
    }

    private static let a = NodeID(name: .primary, instance: 0xA)
    private static let b = NodeID(name: .standby, instance: 0xB)
    private static let second: UInt64 = 1_000_000_000

    private static let all: [(name: String, body: @Sendable (Subject, inout Faults) throws -> Void)] = [
        (
            "begins with nothing, and one of two takes the first term",
            { subject, faults in
                faults.expect(try subject.first.current() == nil, "there is a lease before the first")
                let won = try subject.first.take(term: 1, after: nil, by: a, for: second)
                faults.expect(won.isGranted && won.lease?.term == 1 && won.lease?.holder == a, "the first was refused: \(won)")
                let lost = try subject.second.take(term: 1, after: nil, by: b, for: second)
                faults.expect(!lost.isGranted && lost.lease?.holder == a, "the second was granted: \(lost)")
                let seen = try subject.second.current()
                faults.expect(seen?.isSame(as: won.lease) == true && seen?.successor == nil, "the other sees \(seen as Any)")
                faults.expect((1...second).contains(seen?.remaining ?? 0), "\(seen?.remaining ?? 0) ns are left")
            }
        ),
        (
            "gives the next term only when the last has ended",
            { subject, faults in
                let first = try subject.first.take(term: 1, after: nil, by: a, for: second).lease
                subject.pass(second * 9 / 10)
                let early = try subject.second.take(term: 2, after: first, by: b, for: second)
                faults.expect(!early.isGranted, "it was given too early")
                subject.pass(second / 5)
                faults.expect(try subject.second.current()?.remaining == 0, "it has not ended")
                let late = try subject.second.take(term: 2, after: first, by: b, for: second)
                faults.expect(late.isGranted && late.lease?.holder == b, "it was not given: \(late)")
            }
        ),
        (
            "gives the next term only to whom knows the last as it is",
            { subject, faults in
                let first = try subject.first.take(term: 1, after: nil, by: a, for: second).lease
                let named = try subject.first.renew(term: 1, by: a, successor: b, for: second)
                faults.expect(named.isGranted && named.lease?.successor == b, "no successor was named: \(named)")
                subject.pass(2 * second)
                let old = try subject.second.take(term: 2, after: first, by: b, for: second)
                faults.expect(!old.isGranted && old.lease?.successor == b, "somebody who knew no successor took it")
                faults.expect(
                    try !subject.second.take(term: 2, after: nil, by: b, for: second).isGranted, "somebody without knowledge")
                faults.expect(
                    try subject.second.take(term: 2, after: old.lease, by: b, for: second).isGranted, "it was not given")
            }
        ),
        (
            "gives rising terms only, which may leave some out",
            { subject, faults in
                let first = try subject.first.take(term: 7, after: nil, by: a, for: second).lease
                subject.pass(2 * second)
                for term in [1, 6, 7] {
                    faults.expect(
                        try !subject.second.take(term: term, after: first, by: b, for: second).isGranted, "\(term) after 7")
                }
                faults.expect(try subject.second.take(term: 12, after: first, by: b, for: second).isGranted, "12 was not given")
                faults.expect(try subject.first.current()?.term == 12, "12 is not seen")
            }
        ),
        (
            "lets the holder's lease last, and ends it when it is given back",
            { subject, faults in
                _ = try subject.first.take(term: 1, after: nil, by: a, for: second)
                for _ in 0..<5 {
                    subject.pass(second / 2)
                    faults.expect(
                        try subject.first.renew(term: 1, by: a, successor: nil, for: second).isGranted, "it was not renewed")
                }
                faults.expect(try subject.second.current()?.remaining ?? 0 > 0, "it has ended")
                let released = try subject.first.renew(term: 1, by: a, successor: b, for: 0)
                faults.expect(released.isGranted && released.lease?.remaining == 0, "it was not given back: \(released)")
                faults.expect(
                    try subject.second.take(term: 2, after: released.lease, by: b, for: second).isGranted, "nobody gets it")
            }
        ),
        (
            "renews what has ended, unless somebody took the next term",
            { subject, faults in
                let first = try subject.first.take(term: 1, after: nil, by: a, for: second).lease
                subject.pass(3 * second)
                faults.expect(
                    try subject.first.renew(term: 1, by: a, successor: nil, for: second).isGranted, "it was not renewed")
                faults.expect(
                    try !subject.second.take(term: 2, after: first, by: b, for: second).isGranted, "it was given though it lasts")
                subject.pass(3 * second)
                faults.expect(try subject.second.take(term: 2, after: first, by: b, for: second).isGranted, "it was not given")
                let late = try subject.first.renew(term: 1, by: a, successor: a, for: second)
                faults.expect(!late.isGranted && late.lease?.holder == b, "a passed term was renewed: \(late)")
                let current = try subject.first.current()
                faults.expect(
                    current?.term == 2 && current?.holder == b && current?.successor == nil, "it changed: \(current as Any)")
            }
        ),
        (
            "renews for nobody but the holder's very run",
            { subject, faults in
                _ = try subject.first.take(term: 1, after: nil, by: a, for: second)
                for node in [b, NodeID(name: .primary, instance: 0xC)] {
                    faults.expect(
                        try !subject.second.renew(term: 1, by: node, successor: node, for: second).isGranted, "\(node) renewed")
                }
                faults.expect(
                    try !subject.first.renew(term: 2, by: a, successor: nil, for: second).isGranted, "a term to come was renewed")
                faults.expect(try subject.first.current()?.successor == nil, "a successor was named")
            }
        ),
        (
            "gives each of 50 terms to one of two who want it at the same time",
            { subject, faults in
                for term in 1...50 {
                    let seen = try subject.first.current()
                    let answers = BlockingQueue<Result<LeaseAnswer, SpeechError>>()
                    for (arbiter, node) in [(subject.first, a), (subject.second, b)] {
                        spawnThread(name: "contender") {
                            answers.push(
                                Result { () throws(SpeechError) in
                                    try arbiter.take(term: term, after: seen, by: node, for: second)
                                })
                        }
                    }
                    let both = [try answers.pop().get(), try answers.pop().get()]
                    faults.expect(both.filter(\.isGranted).count == 1, "term \(term): \(both)")
                    faults.expect(try subject.first.current()?.term == term, "term \(term) is not seen")
                    subject.pass(2 * second)
                }
            }
        ),
    ]
}
