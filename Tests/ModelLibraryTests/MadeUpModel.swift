import Foundation

/// ONNX files with nothing in them but what a look at them needs, and folders of such.
enum MadeUpModel {
    /// A model's bytes (onnx.proto): a graph with the names of its inputs and outputs, and metadata.
    static func onnx(_ metadata: [String: String] = [:], inputs: [String] = ["x"], weights: [String] = []) -> [UInt8] {
        let graph =
            weights.flatMap { field(5, field(8, Array($0.utf8)) + field(9, [UInt8](repeating: 1, count: 300))) }
            + (inputs + weights).flatMap { field(11, field(1, Array($0.utf8))) } + field(12, field(1, Array("y".utf8)))
        return [0x08, 0x08] + field(7, graph)
            + metadata.sorted { $0.key < $1.key }.flatMap {
                field(14, field(1, Array($0.key.utf8)) + field(2, Array($0.value.utf8)))
            }
    }

    /// A folder with files of these contents, which goes with the object.
    final class Folder {
        let path: String

        init(_ files: [String: [UInt8]], named name: String = "model") throws {
            path = NSTemporaryDirectory() + "mynah-models-\(UUID().uuidString)/\(name)"
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            for (file, bytes) in files {
                let url = URL(fileURLWithPath: path + "/" + file)
                try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data(bytes).write(to: url)
            }
        }

        deinit { try? FileManager.default.removeItem(at: URL(fileURLWithPath: path).deletingLastPathComponent()) }
    }

    static let tokens = Array("<blk> 0\n\u{2581}A 1\nB 2\n".utf8)
    static let smallTokens = Array("<blk> 0\n\u{2581}a 1\nb 2\n".utf8)

    static let nemoStreaming: [String: String] = [
        "window_size": "16", "chunk_shift": "16", "subsampling_factor": "4", "vocab_size": "2", "cache_last_channel_dim1": "1",
        "cache_last_channel_dim2": "1", "cache_last_channel_dim3": "1", "cache_last_time_dim1": "1", "cache_last_time_dim2": "1",
        "cache_last_time_dim3": "1",
    ]

    private static func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] { [number << 3 | 2] + varint(bytes.count) + bytes }

    private static func varint(_ value: Int) -> [UInt8] {
        value < 0x80 ? [UInt8(value)] : [UInt8(value & 0x7F | 0x80)] + varint(value >> 7)
    }
}
