# SPDX-License-Identifier: MIT
"""All attempts, position by position."""

from attempts import app_headers, app_packets, app_rights, clients, connections, machines, users

ALL = [*app_packets.ATTEMPTS, *app_headers.ATTEMPTS, *app_rights.ATTEMPTS, *machines.ATTEMPTS,
       *users.ATTEMPTS, *clients.ATTEMPTS, *connections.ATTEMPTS]
