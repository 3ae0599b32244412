import SpeechModel

@testable import Failover

/// A node of the simulation: its machine, and a process that can be stopped between any two steps.
final class SimulatedNode {
    let name: NodeName
    /// The clock: another speed and another beginning than everybody else's.
    let speed: Double
    let offset: UInt64
    var machine: FailoverMachine<NumberedRecords>?
    /// Which run of the process it is.
    var run = 0
    var isPaused = false
    /// What has to wait for the end of a pause, in order.
    var backlog: [() -> Void] = []
    /// The last step of the process is done at this time: later ones come later.
    var busyUntil: UInt64 = 0
    var wakeGeneration = 0
    /// Offered in this reign, by number of the machine.
    var offered: [Int: Int] = [:]
    var released = 0
    var askedCount = 0

    init(_ name: NodeName, speed: Double, offset: UInt64) {
        self.name = name
        self.speed = speed
        self.offset = offset
    }

    func clock(_ time: UInt64) -> UInt64 { offset + UInt64(Double(time) * speed) }
    /// When its clock will show `clock`, rounded up.
    func time(_ clock: UInt64) -> UInt64 { clock <= offset ? 0 : UInt64(Double(clock - offset) / speed) + 1 }

    func mayPublish(_ time: UInt64) -> Bool { machine.map { clock(time) < $0.publishesUntil } ?? false }
}
