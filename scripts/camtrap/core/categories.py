"""What a picture can be. The order is that of precedence: a picture of an animal and a person is one of an animal."""

# What a detector finds; the numbers of MegaDetector's batch format count these from 1, PyTorch-Wildlife's from 0.
DETECTED = ("animal", "person", "vehicle")
# What a picture that was looked at shows.
SHOWN = (*DETECTED, "empty")
# Each picture found is in exactly one of these.
ALL = (*SHOWN, "failed", "duplicate")
