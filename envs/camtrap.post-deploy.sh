#!/usr/bin/env bash
# Written by `make lock` from no-deps.in.
set -e
pip install --no-deps megadetector==10.0.28 yolov5==7.0.14 ultralytics==8.4.190
