import Testing

@testable import PipelineFeed

@Suite("Linked slots") struct LinkedSlotsTests {
    @Test("behave like an array whatever is done, and use places again", arguments: 0..<20)
    func random(_ seed: UInt64) {
        var random = SeededRandom(seed)
        var slots = LinkedSlots<Int>()
        var model: [(place: Int, value: Int)] = []
        var most = 0
        for step in 0..<500 {
            switch Int.random(in: 0..<8, using: &random) {
            case 0..<4: model.append((slots.append(step), step))
            case 4: #expect(slots.popFirst() == (model.isEmpty ? nil : model.removeFirst().value))
            case 5 where !model.isEmpty:
                let gone = model.remove(at: Int.random(in: model.indices, using: &random))
                #expect(slots.remove(gone.place) == gone.value)
            case 6 where !model.isEmpty:
                let moved = model.remove(at: Int.random(in: model.indices, using: &random))
                slots.moveToEnd(moved.place)
                model.append(moved)
            case 7 where !model.isEmpty:
                let index = Int.random(in: model.indices, using: &random)
                model[index].value += 1
                slots.update(model[index].place) { $0 += 1 }
            default: break
            }
            most = max(most, model.count)
            #expect(slots.count == model.count)
            #expect(model.allSatisfy { $0.place < most })
            var values: [Int] = []
            var next = slots.first
            while let place = next {
                values.append(slots[place])
                next = slots.next(after: place)
            }
            #expect(values == model.map(\.value))
        }
        slots.removeAll()
        #expect(slots.count == 0 && slots.first == nil)
    }
}
