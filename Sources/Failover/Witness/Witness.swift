public import SpeechModel

/// The rules of a witness: frames in, frames out. It promises what an ``Arbiter`` does.
public struct Witness: Sendable {
    /// Clients whose last number is known; nodes that were started long ago are forgotten first.
    private static let maxClients = 16

    private var register: LeaseRegister
    private var clients: [(id: UInt64, number: UInt64)] = []

    /// Begins with what was kept. After a restart nobody can take a term before the last lease must be over.
    public init(_ record: LeaseRecord?, at now: UInt64) {
        register = LeaseRegister(
            record.map {
                var lease = $0.lease
                lease.remaining = $0.nanoseconds
                return lease
            }, at: now)
    }

    /// The lease as it is.
    public func lease(at now: UInt64) -> Lease? {
        var register = register
        return register.answer(.current, at: now).lease
    }

    /// Answers a request.
    ///
    /// - Parameter keep: writes a record so that it survives; what cannot be kept is not granted.
    /// - Returns: the reply; nil for what comes too late to be carried out.
    /// - Throws: ``SpeechError`` with `malformed-message`.
    public mutating func answer(_ frame: [UInt8], at now: UInt64, keep: (LeaseRecord) throws(SpeechError) -> Void)
        throws(SpeechError)
        -> [UInt8]?
    {
        let asked = try WitnessRequest(frame: frame)
        if let index = clients.firstIndex(where: { $0.id == asked.client }) {
            guard asked.number > clients[index].number else { return nil }
            clients.remove(at: index)
        }
        clients.append((asked.client, asked.number))
        if clients.count > Self.maxClients { clients.removeFirst() }
        var next = register
        let answer = next.answer(asked.request, at: now)
        if let record = next.record, record != register.record {
            do throws(SpeechError) {
                try keep(LeaseRecord(lease: record, nanoseconds: record.remaining, boot: ""))
            } catch {
                return WitnessReply(number: asked.number, outcome: .fault("The witness keeps nothing: \(error.message)")).frame
            }
        }
        register = next
        return WitnessReply(number: asked.number, outcome: .answer(answer)).frame
    }
}
