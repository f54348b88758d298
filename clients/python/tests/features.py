"""Every part of the protocol beyond its first version."""

from tasker._generated.tasker.v1 import handler_service_pb2 as pb

ALL = [number for number in pb.ProtocolFeature.values() if number]


def all_but(*left_out):
    return [each for each in ALL if each not in left_out]
