import Failover

/// A state that remembers which records it was given.
struct NumberedRecords: ReplicatedState, Equatable {
    var numbers: [Int] = []
    private(set) var known: Set<Int> = []

    mutating func apply(_ record: [UInt8]) {
        let number = Int(String(decoding: record, as: UTF8.self)) ?? 0
        numbers.append(number)
        known.insert(number)
    }

    var snapshot: [[UInt8]] { numbers.map(Self.record) }

    static func record(_ number: Int) -> [UInt8] { Array(String(number).utf8) }
}
