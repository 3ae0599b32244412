/// The numbers that a network computes with, as its file's name tells them.
public enum NetworkPrecision: String, Sendable, CaseIterable {
    /// 8 bits: quickest on a processor, and hardly worse.
    case int8
    /// 16 bits: for graphics cards.
    case float16
    /// 32 bits: as it was trained.
    case float32

    private init(of file: String) {
        let name = file.lowercased()
        self = name.contains("int8") || name.contains("quant") ? .int8 : name.contains("fp16") ? .float16 : .float32
    }

    /// Whether one file is nearer to what is wanted than another of the same network.
    func prefers(_ file: String, to other: String) -> Bool {
        let order: [NetworkPrecision] =
            switch self {
            case .int8: [.int8, .float32, .float16]
            case .float16: [.float16, .float32, .int8]
            case .float32: [.float32, .float16, .int8]
            }
        return order.firstIndex(of: Self(of: file)) ?? 0 < order.firstIndex(of: Self(of: other)) ?? 0
    }
}
