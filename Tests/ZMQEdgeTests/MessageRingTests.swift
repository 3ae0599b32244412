import Testing

@testable import ZMQEdge

@Suite("The queue in front of ZeroMQ") struct MessageRingTests {
    private func message(_ number: UInt8) -> TopicMessage { TopicMessage(topic: [], body: [number]) }

    private func popped(_ ring: inout MessageRing, _ limit: Int = .max) -> [UInt8] {
        var batch: [TopicMessage] = []
        ring.pop(limit, into: &batch)
        return batch.map { $0.body[0] }
    }

    @Test("keeps the order, also while it grows and wraps around")
    func order() {
        var ring = MessageRing(capacity: 200)
        var expected: [UInt8] = []
        var found: [UInt8] = []
        for round in 0..<20 {
            for i in 0..<11 {
                let number = UInt8(round * 11 + i)
                let hasDropped = ring.push(message(number))
                #expect(!hasDropped)
                expected.append(number)
            }
            found += popped(&ring, 3)
        }
        #expect(ring.count == expected.count - found.count)
        found += popped(&ring)
        #expect(found == expected && ring.count == 0)
    }

    @Test("drops its oldest message when it is full, and tells so", arguments: [1, 2, 63, 64, 65, 100])
    func full(_ capacity: Int) {
        var ring = MessageRing(capacity: capacity)
        var dropped = 0
        for number in 0..<200 where ring.push(message(UInt8(number))) { dropped += 1 }
        #expect(dropped == 200 - capacity && ring.count == capacity)
        #expect(popped(&ring) == (200 - capacity..<200).map { UInt8($0) })
    }

    @Test("holds one message at least, and gives none when it is empty")
    func small() {
        var ring = MessageRing(capacity: 0)
        let first = ring.push(message(1))
        let second = ring.push(message(2))
        #expect(!first && second)
        #expect(popped(&ring) == [2])
        #expect(popped(&ring) == [])
    }
}
