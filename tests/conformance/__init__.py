"""What Graph does, request by request, asked of the simulator through both of its doors."""
